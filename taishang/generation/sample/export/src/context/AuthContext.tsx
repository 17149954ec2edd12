import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import * as auth from '../api/auth';
import type { User } from '../types';

interface AuthContextValue {
  user: User | null;
  signIn: (email: string, password: string) => Promise<void>;
  signOut: () => void;
}

const AuthContext = createContext<AuthContextValue | null>(null);

export function AuthProvider({ children }: { children: ReactNode }) {
  const [user, setUser] = useState<User | null>(null);

  useEffect(() => {
    if (localStorage.getItem('token')) {
      auth.me().then(setUser).catch(() => localStorage.removeItem('token'));
    }
  }, []);

  const signIn = async (email: string, password: string) => {
    const session = await auth.login(email, password);
    localStorage.setItem('token', session.token);
    setUser(session.user);
  };

  const signOut = () => {
    localStorage.removeItem('token');
    setUser(null);
  };

  return (
    <AuthContext.Provider value={{ user, signIn, signOut }}>{children}</AuthContext.Provider>
  );
}

export const useAuth = () => useContext(AuthContext)!;
