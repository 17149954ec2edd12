import { del, get, patch, post } from './client';
import type { Meeting } from '../types';

export const listMeetings = () => get<Meeting[]>('/meetings');
export const createMeeting = (meeting: Omit<Meeting, 'id'>) => post<Meeting>('/meetings', meeting);
export const updateMeeting = (id: string, changes: Partial<Meeting>) =>
  patch<Meeting>(`/meetings/${id}`, changes);
export const cancelMeeting = (id: string) => del<void>(`/meetings/${id}`);
