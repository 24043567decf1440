import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventName } from '../../shared/events.ts';
import type { HistoryOptions } from '../../shared/options/read-options.ts';
import { type HistoryPage, MAX_PAGE } from '../../shared/stream-items.ts';

/**
 * Asks for a page of history, and on from it while it is empty and there is more: a server reads so much of a log for
 * one page and no more, whether it found something or not.
 */
export async function nonEmptyPage<N extends EventName<C>, C extends AnyCatalog>(
  ask: (options: HistoryOptions<N, C>) => Promise<HistoryPage<N, C>>,
  options: HistoryOptions<N, C>,
): Promise<HistoryPage<N, C>> {
  const { since, before: _before, limit, ...rest } = options;
  const last = typeof since === 'object' && 'last' in since ? Math.min(since.last, MAX_PAGE) : undefined;
  const forward = since !== undefined && last === undefined;
  let page = await ask(options);
  while (page.items.length === 0 && (forward ? !page.atEnd : page.previous !== null)) {
    if (forward) {
      const { gaps, previous } = page;
      page = await ask({ ...rest, limit, since: page.next });
      page = { ...page, gaps: [...gaps, ...page.gaps], previous };
    } else {
      const { items, gaps, previous } = await ask({
        ...rest,
        limit: last ?? limit,
        before: page.previous ?? undefined,
      });
      page = { ...page, items, gaps: [...gaps, ...page.gaps], previous };
    }
  }
  return page;
}
