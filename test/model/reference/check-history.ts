import type { ModelNode } from '../events/catalog.ts';
import { isEvent, wantedOf } from '../events/wanted.ts';
import type { ReferenceLog } from './reference-log.ts';

/**
 * Reads the whole past, page by page, and holds it against the reference.
 * @throws Error [D8], or [V2] or [V3] for an event of an older version
 */
export async function checkHistory(
  node: ModelNode,
  reference: ReferenceLog,
  wants: number,
  limit: number,
): Promise<void> {
  const { epoch } = reference;
  if (epoch === null) return;
  const { options, matches } = wantedOf(wants);
  const got: string[] = [];
  const told: string[] = [];
  for (let since = `${epoch}:0`, atEnd = false; !atEnd; ) {
    const page = await node.history({ ...options, since, limit });
    for (const { cursor, event } of page.items) {
      const [, seq] = cursor.split(':');
      const n = reference.at({ epoch, seq: Number(seq) });
      if (n !== undefined && !isEvent(n, event))
        throw new Error(`[V2] history: ${cursor} is ${JSON.stringify(event)} and not event ${n}`);
      got.push(cursor);
    }
    for (const { to, reason } of page.gaps)
      if (reason === 'dropped' || reason === 'unknown_version') told.push(`${to} ${reason}`);
    since = page.next;
    atEnd = page.atEnd;
  }
  const expected = reference.readable(matches).map(({ seq }) => `${epoch}:${seq}`);
  if (got.join() !== expected.join())
    throw new Error(`[D8] history: ${got.join()} instead of ${expected.join()}`);
  const unreadable = reference.latest(matches, Number.POSITIVE_INFINITY).flatMap(({ seq, n }) => {
    const reason = reference.reasonAgainst(n);
    return reason === undefined ? [] : [`${epoch}:${seq} ${reason}`];
  });
  if (told.join() !== unreadable.join())
    throw new Error(`[V3] history: gaps ${told.join()} instead of ${unreadable.join()}`);
}
