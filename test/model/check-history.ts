import type { EventManager } from '../../server/index.ts';
import type { ReferenceLog } from './reference.ts';
import { wantedOf } from './wanted.ts';

/** Reads the whole past, page by page, and holds it against the reference. @throws Error [D8] */
export async function checkHistory(
  manager: EventManager,
  reference: ReferenceLog,
  wants: number,
  limit: number,
): Promise<void> {
  const { epoch } = reference;
  if (epoch === null) return;
  const { options, matches } = wantedOf(wants);
  const got: string[] = [];
  for (let since = `${epoch}:0`, atEnd = false; !atEnd; ) {
    const page = await manager.history({ ...options, since, limit });
    got.push(...page.items.map(({ cursor }) => cursor));
    since = page.next;
    atEnd = page.atEnd;
  }
  const expected = reference.latest(matches, Number.POSITIVE_INFINITY).map(({ seq }) => `${epoch}:${seq}`);
  if (got.join() !== expected.join())
    throw new Error(`[D8] history: ${got.join()} instead of ${expected.join()}`);
}
