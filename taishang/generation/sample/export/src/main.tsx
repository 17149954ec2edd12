import { createRoot } from 'react-dom/client';
import { BrowserRouter, Route, Routes } from 'react-router-dom';
import { AuthProvider } from './context/AuthContext';
import Books from './pages/Books';
import Meetings from './pages/Meetings';

createRoot(document.getElementById('root')!).render(
  <BrowserRouter>
    <AuthProvider>
      <Routes>
        <Route path="/" element={<Books />} />
        <Route path="/meetings" element={<Meetings />} />
      </Routes>
    </AuthProvider>
  </BrowserRouter>,
);
