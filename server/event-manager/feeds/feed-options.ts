import type { Hub } from '../hubs/hub.ts';
import type { Reads } from '../reading/steps.ts';
import type { KeyOf } from '../records/conflation.ts';
import type { Selector } from '../records/selector.ts';
import type { FeedReader } from './feed-reader.ts';

/** Options of a Feed. */
export interface FeedOptions {
  hub: Hub;
  selector: Selector;
  reader: FeedReader;
  /** Its owner, see Selection.subject. */
  subject?: string | undefined;
  /** Turns that its steps through the log share with those of others. */
  reads: Reads;
  /** If given, a reader that fell behind gets the latest record of each key and not those in between [D9]. */
  conflate?: KeyOf | undefined;
  /** Records read from the log at a time. Default 512. */
  readRecords?: number | undefined;
  /** Called whenever it has joined its hub, or come back to it. */
  onLive?: (() => void) | undefined;
  /** Called once, when the feed no longer needs its hub. */
  onClose: () => void;
}
