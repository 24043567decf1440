import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type NodesOptions, runNodes } from '../../runs/nodes.ts';
import { followed, topic } from '../../runs/world.ts';
import { bundle } from '../../setup/bundle.ts';
import { rounds, size, tell } from '../chaos.ts';
import { neverSweeps } from '../open/unprotected.ts';
import type { RunProcessOptions } from './run-process.ts';

/** Renewed at half its time: a process that lives, on a machine that stalls for a second or two, keeps its runs. */
const LEASE_MS = size(4000, 5000);
/** Ms after the lease within which all is told. `npm test` may run on a machine that is slow and busy. */
const SLACK_MS = size(60_000, 5000);
const RUNS = size(2, 50);

/** A process with runs, once all of them write. */
async function startProcess(options: RunProcessOptions) {
  const program = bundle(join(import.meta.dirname, 'run-process.ts'));
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const failed = ended.then(() => Promise.reject(new Error('the process ended before its runs had begun')));
  failed.catch(() => {}); // it is raced
  await Promise.race([once(child, 'message'), failed]);
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

/** Two nodes that look on, and a process with runs. */
async function deployment(round: number, options: Omit<NodesOptions, 'leaseMs'> = {}) {
  const nodes = runNodes({ ...options, leaseMs: LEASE_MS });
  const ids = Array.from({ length: RUNS }, (_, n) => `r${round}-${n}`);
  const { prefix, redisUrl } = nodes;
  const viewers = [nodes.node(), nodes.node()];
  const kill = await startProcess({ prefix, redisUrl, leaseMs: LEASE_MS, ids });
  return { nodes, ids, viewers, kill };
}

test(`runs of a process that is killed are told to be lost to all viewers, within their lease and ${SLACK_MS / 1000} s; control: without the sweep they never end`, {
  timeout: 300_000,
}, async () => {
  const started = [deployment(0, { without: neverSweeps }), deployment(1)] as const;
  const [control, first] = await Promise.all(started);
  await using _control = control.nodes;
  await control.kill(); // so its leases are over before those of all others
  const told: number[] = [];
  for (let round = 1; round <= rounds(1, 10); round++) {
    const { nodes, ids, viewers, kill } = round === 1 ? first : await deployment(round);
    await using _nodes = nodes;
    const watched = viewers.flatMap(({ of }) => ids.map((id) => followed(of.follow(id))));
    expect(await viewers[0]?.of.list()).toHaveLength(RUNS);
    await kill();
    const at = performance.now();
    for (const { words } of await Promise.all(watched)) expect(words.at(-1)).toBe('run aborted');
    told.push(performance.now() - at);
    // All that they have begun has their lease.
    const open = async () => (await viewers[0]?.manager.openEvents({ topic }))?.items.length;
    await expect.poll(open).toBe(0);
    for (const { of } of viewers)
      for (const id of ids)
        expect(await of.status(id)).toMatchObject({ state: 'lost', outcome: '', by: 'ada' });
  }
  const most = Math.max(...told);
  tell('24 processes of runs killed', {
    kills: told.length,
    runs: RUNS,
    leaseMs: LEASE_MS,
    toldWithinMs: Math.round(most),
  });
  expect(most).toBeLessThan(LEASE_MS + SLACK_MS);
  for (const { of } of control.viewers) expect(await of.list()).toHaveLength(RUNS);
});
