import { countDelivered, type StreamRecord, traceDelivered } from '../records/stream-record.ts';
import { explain } from './explain.ts';
import type { Feed } from './feed.ts';

/**
 * Takes a feed's batches from its hub, for a reader that shares them with nobody. Returns how to stop.
 * @param refuses whether the reader takes nothing of a batch; it has told the feed then. Default: never
 */
export function liveAlone(
  feed: Feed,
  name: string,
  take: (records: readonly StreamRecord[]) => boolean,
  refuses: () => boolean = () => false,
): () => void {
  const { hub, selector } = feed;
  const onBatch = (batch: readonly StreamRecord[]): void => {
    const selected = batch.filter((record) => selector.matches(record));
    explain(hub, selector, batch, () => [name]);
    if (selected.length > 0 && refuses()) return;
    countDelivered(hub.watch.instruments, selected, 1);
    traceDelivered(hub.watch.tracing, hub.log.topic, selected, 1);
    if (!take(selected)) feed.fellBehind();
  };
  hub.emitter.on('batch', onBatch);
  return () => hub.emitter.off('batch', onBatch);
}
