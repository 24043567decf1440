import { expect } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';

/** An open event, as one subscriber was told it. */
interface View {
  state: string;
  text: string;
  /** Times that it was told to be over. */
  ends: number;
}

/** One subscriber to a topic: what it knows of each open event. */
export class Watcher {
  readonly topic: string;
  readonly views = new Map<string, View>();
  /** Reasons of the gaps it was told. */
  readonly gaps: string[] = [];
  /** Texts that did not go on from the text before. */
  torn = 0;
  /** Events that were told again after their end, open or settled. */
  repeated = 0;
  isLive = false;

  constructor(topic: string) {
    this.topic = topic;
  }

  /** Ids of what is open, as it was told. */
  get openIds(): string[] {
    return [...this.views].flatMap(([id, { state }]) => (state === 'open' ? [id] : [])).toSorted();
  }

  /** Growing events that were settled, as it was told. */
  get settled(): number {
    return [...this.views.values()].filter(({ state }) => state === 'done' || state === 'aborted').length;
  }

  event(id: string, state: string, text: string): void {
    const { views } = this;
    const view = views.get(id) ?? { state: 'open', text: '', ends: 0 };
    views.set(id, view);
    if (view.ends > 0) this.repeated++;
    if (!text.startsWith(view.text)) this.torn++;
    Object.assign(view, { state, text });
    if (state !== 'open') view.ends++;
  }
}

/** Subscribers to topics, spread over some addresses. */
export interface Watchers extends AsyncDisposable {
  readonly all: readonly Watcher[];
  /** Waits until each of them was told the end of so many more events, with a settlement in the log. */
  goOn(count: number, timeout?: number): Promise<void>;
}

/** Starts subscribers; resolves once all are level. */
export async function startWatchers(
  topics: readonly string[],
  { urls, perTopic }: { urls: readonly string[]; perTopic: number },
): Promise<Watchers> {
  const all = topics.flatMap((topic) => Array.from({ length: perTopic }, () => new Watcher(topic)));
  const clients = all.map((watcher, index) => {
    const client = createClient({ url: urls[index % urls.length] ?? '', catalog });
    client.on(
      'any',
      ({ data, open }) => {
        if (open) watcher.event(open.id, open.state, 'text' in data ? data.text : '');
      },
      {
        topic: watcher.topic,
        onGap: ({ reason }) => watcher.gaps.push(reason),
        onStatus: (status) => {
          watcher.isLive = status === 'live';
        },
        onError: () => {},
      },
    );
    return client;
  });
  const close = async () => void (await Promise.all(clients.map((client) => client.close())));
  try {
    await expect.poll(() => all.every(({ isLive }) => isLive), { timeout: 60_000 }).toBe(true);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    all,
    async goOn(count, timeout = 60_000) {
      const goals = all.map((watcher) => ({ watcher, goal: watcher.settled + count }));
      const areThere = () => goals.every(({ watcher, goal }) => watcher.settled >= goal);
      await expect.poll(areThere, { timeout }).toBe(true);
    },
    [Symbol.asyncDispose]: close,
  };
}
