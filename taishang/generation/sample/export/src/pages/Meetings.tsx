import { useEffect, useState } from 'react';
import { cancelMeeting, createMeeting, listMeetings } from '../api/meetings';
import type { Meeting } from '../types';

const examples: Meeting[] = [
  {
    id: '1',
    title: 'First evening',
    startsAt: '2025-02-03T19:00:00Z',
    place: 'Library, room 2',
    bookId: null,
    notes: 'Bring a book you want to share.',
  },
  {
    id: '2',
    title: 'The Dream of the Red Chamber',
    startsAt: '2025-03-03T19:00:00Z',
    place: 'Café Mond',
    bookId: null,
    notes: 'Chapters 1 to 20.',
  },
];

export default function Meetings() {
  const [meetings, setMeetings] = useState<Meeting[]>(examples);

  useEffect(() => {
    listMeetings().then(setMeetings);
  }, []);

  const add = async () => {
    const meeting = await createMeeting({
      title: 'New meeting',
      startsAt: new Date().toISOString(),
      place: '',
      bookId: null,
      notes: '',
    });
    setMeetings([...meetings, meeting]);
  };

  return (
    <main>
      <h1>Meetings</h1>
      <button onClick={add}>Add</button>
      {meetings.map((meeting) => (
        <article key={meeting.id}>
          <h2>{meeting.title}</h2>
          <p>
            {meeting.place} · {meeting.notes}
          </p>
          <button onClick={() => cancelMeeting(meeting.id)}>Cancel</button>
        </article>
      ))}
    </main>
  );
}
