export type ReadingStatus = 'wishlist' | 'reading' | 'finished';

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Book {
  id: string;
  title: string;
  author: string;
  isbn?: string;
  pages: number;
  status: ReadingStatus;
  rating: number | null;
  coverUrl?: string;
  isFavorite: boolean;
  createdAt: string;
}

export interface Review {
  id: string;
  bookId: string;
  text: string;
  rating: number;
  createdAt: string;
}

export interface Meeting {
  id: string;
  title: string;
  startsAt: string;
  place: string;
  bookId: string | null;
  notes: string;
}
