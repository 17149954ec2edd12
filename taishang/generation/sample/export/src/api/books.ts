import { del, get, patch, post } from './client';
import type { Book, ReadingStatus, Review } from '../types';

export interface BookInput {
  title: string;
  author: string;
  isbn?: string;
  pages: number;
  status: ReadingStatus;
}

export function listBooks(status?: ReadingStatus) {
  const query = status ? `?status=${status}` : '';
  return get<Book[]>(`/books${query}`);
}

export const getBook = (id: string) => get<Book>(`/books/${id}`);

export function saveBook(book: BookInput, id?: string) {
  return id ? patch<Book>(`/books/${id}`, book) : post<Book>('/books', book);
}

export const removeBook = (id: string) => del<void>(`/books/${id}`);

export const toggleFavorite = (id: string) => post<{ isFavorite: boolean }>(`/books/${id}/favorite`);

export const listReviews = (bookId: string) => get<Review[]>(`/books/${bookId}/reviews`);

export const addReview = (bookId: string, text: string, rating: number) =>
  post<Review>(`/books/${bookId}/reviews`, { text, rating });

export const recommend = (mood: string) =>
  post<{ title: string; reason: string }>('/recommendations', { mood });

export async function findByIsbn(isbn: string) {
  const response = await fetch(`https://openlibrary.org/isbn/${isbn}.json`);
  return response.ok ? response.json() : null;
}
