import type { ReactNode } from 'react';
import type { FeedItem } from '../model/feed-items.ts';
import { EventRow } from './event-row.tsx';
import { GapRow } from './gap-row.tsx';
import { MessageRow } from './message-row.tsx';
import { NoteRow } from './note-row.tsx';
import { SpeakingRow } from './speaking-row.tsx';

export function FeedRow({ item }: { item: FeedItem }): ReactNode {
  switch (item.kind) {
    case 'message':
      return <MessageRow entry={item.entry} />;
    case 'note':
      return <NoteRow entry={item.entry} note={item.note} />;
    case 'event':
      return <EventRow entry={item.entry} />;
    case 'gap':
      return <GapRow gap={item.gap} />;
    case 'speaking':
      return <SpeakingRow speaking={item.speaking} />;
  }
}
