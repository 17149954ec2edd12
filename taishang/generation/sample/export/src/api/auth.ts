import { get, post } from './client';
import type { User } from '../types';

interface Session {
  token: string;
  user: User;
}

export const login = (email: string, password: string) =>
  post<Session>('/auth/login', { email, password });

export const register = (name: string, email: string, password: string) =>
  post<Session>('/auth/register', { name, email, password });

export const me = () => get<User>('/auth/me');
