import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expose } from '../harness/rpc.ts';
import { type ContenderName, contenders } from './contenders/registry.ts';

/** Options of a contender's process. */
export interface ServerOptions {
  readonly contender: ContenderName;
  readonly redisUrl?: string | undefined;
}

/** Events to publish, one after another. */
export interface Ticks {
  readonly from: number;
  readonly count: number;
  /** Characters of each. */
  readonly chars: number;
  /** Between two, ms. */
  readonly everyMs: number;
}

const { contender, redisUrl } = JSON.parse(process.argv[2] ?? '') as ServerOptions;
const server = await contenders[contender].serve(redisUrl);

const commands = {
  url: () => server.url,
  /** Publishes, and waits for no answer before the next. @returns the number of events that the publisher was told are not out, once each was answered or 20 s have passed */
  async publish({ from, count, chars, everyMs }: Ticks): Promise<{ refused: number }> {
    let refused = 0;
    const answers: Promise<unknown>[] = [];
    for (let n = from; n < from + count; n++) {
      const answer = (async () => server.publish({ n, pad: randomBytes(chars / 2).toString('hex') }))();
      answers.push(answer.catch(() => refused++));
      await sleep(everyMs);
    }
    await Promise.race([Promise.all(answers), sleep(20_000)]);
    return { refused };
  },
  residentBytes: () => {
    globalThis.gc?.();
    globalThis.gc?.();
    return process.memoryUsage.rss();
  },
};

export type ServerCommands = typeof commands;
expose(commands);
