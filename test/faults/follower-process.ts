import { Followers, type FollowersOptions, type Reader } from './followers.ts';
import { StockFollowers } from './stock-followers.ts';

/** Followers in a process of their own; its argument is a `FollowersOptions` as JSON. What it tells, all the time. */
export interface FollowerNews {
  /** The index of a reader, in the order of topics, and what it got, a message or null for a gap; by turns. */
  got: (number | string | null)[];
  areLive: boolean;
  synced: number;
  attempts: number;
}

const EVERY_MS = 20;

const options = JSON.parse(process.argv[2] ?? '') as FollowersOptions;
let got: FollowerNews['got'] = [];
let readers = 0;
const readerOf = (): Reader => {
  const index = readers++;
  return { event: (message) => got.push(index, message), gap: () => got.push(index, null) };
};
const followers = options.stock ? new StockFollowers(options, readerOf) : new Followers(options, readerOf);

let told = '';
setInterval(() => {
  const { areLive, synced, attempts } = followers;
  const state = JSON.stringify([areLive, synced, attempts]);
  if (got.length === 0 && state === told) return;
  process.send?.({ got, areLive, synced, attempts } satisfies FollowerNews);
  told = state;
  got = [];
}, EVERY_MS);

process.on('disconnect', () => process.exit()); // its test is over, however it ended
