import type { OpenPart, StreamUpdate } from '../../shared/open/open-part.ts';
import type { OfTopic, StreamNotice } from '../../shared/stream-items.ts';

/** An event of some catalog, as it arrives. */
export interface ArrivedEvent extends OfTopic {
  event_type: string;
  timestamp: string;
  data: unknown;
  by?: string;
  open?: OpenPart;
  answer?: unknown;
  stored?: false;
}

/** An item as it arrives: an event, or the stream's own. */
export type AnyItem = ArrivedEvent | (StreamNotice & OfTopic) | StreamUpdate;
