import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runNodes } from '../../runs/nodes.ts';
import { followed, topic, untilAborted } from '../../runs/world.ts';
import { startBalancer } from '../balancer.ts';
import { size, tell } from '../chaos.ts';

const ROW = '24 cut off from Redis, a run stopped meanwhile';

test('a stop that is published while the run is cut off from Redis arrives once it is back; control: an ephemeral one is lost', async () => {
  await using nodes = runNodes({ leaseMs: 600_000, timeoutMs: 2000 });
  await using line = await startBalancer(() => [Number(new URL(nodes.redisUrl).port)]);
  const cutOff = nodes.node(`redis://127.0.0.1:${new URL(line.url).port}`);
  const other = nodes.node();
  const hinted: string[] = [];
  cutOff.manager.addListener(({ data }) => hinted.push(data.run_id), { topic, types: ['hint'] });
  const run = await cutOff.of.start(untilAborted, { id: 'r1' });
  const viewer = followed(other.of.follow('r1'));
  await other.manager.publish('hint', { run_id: 'before' }, { topic });
  await expect.poll(() => hinted).toEqual(['before']);

  line.cut();
  await other.manager.publish('hint', { run_id: 'r1' }, { topic });
  await other.of.stop('r1', { by: 'bob' });
  await expect(cutOff.of.status('r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' }); // it is out for longer than it waits
  await sleep(size(0, 30_000));
  expect(run.signal?.aborted).toBe(false);
  expect(await other.of.status('r1')).toMatchObject({ state: 'running' });

  line.open();
  const at = performance.now();
  expect(await run.ended).toMatchObject({ state: 'stopped', outcome: 'Stopped by bob' });
  tell(ROW, { stoppedWithinMs: Math.round(performance.now() - at) });
  expect((await viewer).words.at(-1)).toBe('run aborted');
  await other.manager.publish('hint', { run_id: 'after' }, { topic });
  await expect.poll(() => hinted).toEqual(['before', 'after']);
});
