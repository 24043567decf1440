import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bundle } from '../setup/bundle.ts';
import { isLong, size } from './chaos.ts';
import type { CheckedTopics } from './checked-topics.ts';
import type { FollowerNews } from './follower-process.ts';
import { Followers, type FollowersOptions, type Following, type Reader } from './followers.ts';
import { StockFollowers } from './stock-followers.ts';

export interface CrowdOptions extends Omit<FollowersOptions, 'topics'> {
  /** Number of processes they run in, besides this one, in the long form. Default 2; 0: in this one. `perTopic` is a multiple of it. */
  processes?: number;
}

/** Followers of all topics, in the long form in processes of their own; resolves once all are level. */
export async function startFollowers(
  topics: CheckedTopics,
  { processes = 2, ...options }: CrowdOptions,
): Promise<Following> {
  const readerOf = (topic: string): Reader => topics.at(topics.names.indexOf(topic)).reader();
  const children = isLong ? processes : 0;
  const all = { ...options, topics: topics.names };
  const parts =
    children > 0
      ? Array.from({ length: children }, () =>
          inProcess({ ...all, perTopic: all.perTopic / children }, readerOf),
        )
      : [all.stock ? new StockFollowers(all, readerOf) : new Followers(all, readerOf)];
  const crowd: Following = {
    get areLive() {
      return parts.every(({ areLive }) => areLive);
    },
    get synced() {
      return Math.min(...parts.map(({ synced }) => synced));
    },
    get attempts() {
      return Math.max(...parts.map(({ attempts }) => attempts));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
    },
  };
  try {
    await expect.poll(() => crowd.areLive, { timeout: size(60_000, 120_000) }).toBe(true);
  } catch (error) {
    await crowd[Symbol.asyncDispose]();
    throw error;
  }
  return crowd;
}

/** Followers whose news come from another process, which dies with this one. */
function inProcess(options: FollowersOptions, readerOf: (topic: string) => Reader): Following {
  const readers = options.topics.flatMap((topic) =>
    Array.from({ length: options.perTopic }, () => readerOf(topic)),
  );
  const child = fork(bundle(join(import.meta.dirname, 'follower-process.ts')), [JSON.stringify(options)]);
  const state = { areLive: false, synced: 0, attempts: 0 };
  child.on('message', ({ got, ...news }: FollowerNews) => {
    Object.assign(state, news);
    for (let at = 0; at < got.length; at += 2) {
      const [index, message] = [Number(got[at]), got[at + 1]];
      if (typeof message === 'string') readers[index]?.event(message);
      else readers[index]?.gap();
    }
  });
  return Object.assign(state, {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  });
}
