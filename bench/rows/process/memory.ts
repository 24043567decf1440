import { setTimeout as delay } from 'node:timers/promises';
import { measure, openPair, subscribe } from '../../harness/pair.ts';
import { short } from '../../harness/stats.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMost, atMostTimes, type RowGroup } from '../section.ts';

/** Connections that are there before the first reading: what code and buffers of a running server take is not counted. */
const FIRST = 200;
/**
 * Events to those connections before the first reading: V8's young generation grows to its full size while a server works.
 * Without them it grew by another 6 MB with 2000 connections, which is 3 KB of each, and they hold nothing in it.
 */
const WARM_UP = 500;
/** Idle time before a reading, in which sockets and timers come to rest. */
const SETTLE_MS = 500;

/** Resident memory of one idle connection with one subscription. */
export const memory: RowGroup = {
  name: 'memory',
  async run(bench) {
    const connections = bench.quick ? 2000 : 10_000;
    const ours = await kilobytesEach('ours', connections);
    const trpc = await kilobytesEach('trpc', connections);
    const ws = await kilobytesEach('ws', connections);
    return {
      title: 'Memory per idle connection',
      setting: `Growth of the server's resident memory over ${connections} connections with one subscription each, after garbage collection; ${WARM_UP} events to ${FIRST} others were the warm-up. Then one event was delivered to all of them. What the kernel keeps for a socket is not in it.`,
      tables: [
        [
          ['', 'KB per connection'],
          ['psyche-events', short(ours)],
          ['stock tRPC', short(trpc)],
          ['raw ws, without a subscription', short(ws)],
        ],
      ],
      bars: [
        atMost('RSS per connection', ours, 12, 'KB'),
        atMostTimes('RSS per connection', ours / ws, 2, 'raw ws without a subscription'),
        atMostTimes('RSS per connection', ours / trpc, 1 / 3, 'stock tRPC'),
      ],
    };
  },
};

async function kilobytesEach(peer: PeerName, connections: number): Promise<number> {
  await using pair = await openPair({ peer, subscribers: FIRST });
  await measure(pair, WARM_UP, { perTick: 1 });
  await delay(SETTLE_MS);
  const before = await pair.server.ask.residentBytes();
  await subscribe(pair, connections);
  await delay(SETTLE_MS);
  const after = await pair.server.ask.residentBytes();
  await measure({ ...pair, subscribers: FIRST + connections }, 1, { perTick: 1 });
  return (after - before) / connections / 1024;
}
