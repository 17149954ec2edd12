import { useEffect, useState } from 'react';
import { listBooks, removeBook, toggleFavorite } from '../api/books';
import { BookForm } from '../components/BookForm';
import type { Book } from '../types';

export default function Books() {
  const [books, setBooks] = useState<Book[]>([]);

  useEffect(() => {
    listBooks().then(setBooks);
  }, []);

  const favorite = async (book: Book) => {
    const { isFavorite } = await toggleFavorite(book.id);
    setBooks(books.map((each) => (each.id === book.id ? { ...each, isFavorite } : each)));
  };

  return (
    <main>
      <h1>My books</h1>
      <BookForm onSaved={(book) => setBooks([book, ...books])} />
      <ul>
        {books.map((book) => (
          <li key={book.id}>
            <strong>{book.title}</strong> {book.author} · {book.pages} pages
            <button onClick={() => favorite(book)}>{book.isFavorite ? '★' : '☆'}</button>
            <button onClick={() => removeBook(book.id)}>Remove</button>
          </li>
        ))}
      </ul>
    </main>
  );
}
