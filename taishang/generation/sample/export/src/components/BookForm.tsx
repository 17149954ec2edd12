import { useState, type FormEvent } from 'react';
import { saveBook, type BookInput } from '../api/books';
import type { Book, ReadingStatus } from '../types';

const STATUSES: { value: ReadingStatus; label: string }[] = [
  { value: 'wishlist', label: 'Wish list' },
  { value: 'reading', label: 'Reading' },
  { value: 'finished', label: 'Finished' },
];

export function BookForm({ book, onSaved }: { book?: Book; onSaved: (book: Book) => void }) {
  const [form, setForm] = useState<BookInput>({
    title: book?.title ?? '',
    author: book?.author ?? '',
    isbn: book?.isbn ?? '',
    pages: book?.pages ?? 0,
    status: book?.status ?? 'wishlist',
  });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    onSaved(await saveBook(form, book?.id));
  };

  return (
    <form onSubmit={submit}>
      <input
        name="title"
        required
        maxLength={200}
        value={form.title}
        onChange={(e) => setForm({ ...form, title: e.target.value })}
      />
      <input
        name="author"
        required
        value={form.author}
        onChange={(e) => setForm({ ...form, author: e.target.value })}
      />
      <input
        name="pages"
        type="number"
        value={form.pages}
        onChange={(e) => setForm({ ...form, pages: Number(e.target.value) })}
      />
      <select
        name="status"
        value={form.status}
        onChange={(e) => setForm({ ...form, status: e.target.value as ReadingStatus })}
      >
        {STATUSES.map((status) => (
          <option key={status.value} value={status.value}>
            {status.label}
          </option>
        ))}
      </select>
      <button type="submit">Save</button>
    </form>
  );
}
