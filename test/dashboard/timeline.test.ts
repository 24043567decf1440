import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Gap, PageEvent } from '../../dashboard/events.ts';
import { createLogReader } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { edgesOf } from '../../dashboard/network/edges.ts';
import { timelineMarks } from '../../dashboard/timeline/marks.ts';
import { launchPages } from './dashboard-page.ts';
import { network, said } from './events.ts';
import { publishTo, startPageServer } from './page-server.ts';
import { message, START, snapshot } from './snapshots.ts';

let pages: Awaited<ReturnType<typeof launchPages>>;
beforeAll(async () => {
  pages = await launchPages();
});
afterAll(() => pages.close());

const at = (ms: number) => ({ timestamp: new Date(START + ms).toISOString() });

test('the timeline has one mark at a place, however many gaps and failures are there', () => {
  const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1, text: '' };
  const failed = (seq: number): PageEvent<'agent_processing'> => ({
    event_type: 'agent_processing',
    data: { ...turn, was: { status: 'error', reason: 'timeout', message: 'Too late.' } },
    cursor: `a:${seq}`,
    ...at(1000),
  });
  const updated = (seq: number, mode: 'normal' | 'emergency', ms: number): PageEvent<'network_update'> => ({
    event_type: 'network_update',
    data: network(mode) as PageEvent<'network_update'>['data'],
    cursor: `a:${seq}`,
    ...at(ms),
  });
  const anew: Gap = { from: 'a:3', to: 'b:0', lost: null, reason: 'epoch_changed' };
  const trimmed: Gap = { from: 'b:0', to: 'b:4', lost: 4, reason: 'trimmed' };
  const modes = (['emergency', 'normal', 'emergency', 'normal', 'emergency'] as const).map((mode, index) =>
    updated(10 + index, mode, index < 4 ? 2000 : 3000),
  );
  const events = [message(1, 0), failed(2), failed(3), ...modes, message(20, 4000)];
  const { gaps, errors, emergencies } = timelineMarks(createLogReader()(snapshot(events, [anew, trimmed])));
  expect({ gaps, errors, emergencies }).toEqual({
    gaps: [0.25],
    errors: [0.25],
    emergencies: [
      { from: 0.5, to: 0.5 },
      { from: 0.75, to: 1 },
    ],
  });
});

test('a network has each path once, though its publisher tells it twice', () => {
  const told = network('emergency');
  const [path] = told.connections;
  const data = { ...told, connections: path ? [...told.connections, { ...path, strength: 0.9 }] : [] };
  const update = { event_type: 'network_update', data, cursor: 'a:1', ...at(0) } as PageEvent;
  const edges = edgesOf(sceneAt(createLogReader()(snapshot([update])), 0));
  expect(edges).toHaveLength(told.connections.length);
  expect(new Set(edges.map(({ key }) => key)).size).toBe(edges.length);
  expect(edges.find(({ way }) => way === `${path?.from} ${path?.to}`)?.strength).toBe(0.9);
});

test('two gaps in one place stay one mark on the timeline, however often it is drawn anew', async () => {
  await using server = await startPageServer();
  await using publisher = publishTo(server.url);
  await using dashboard = await pages.open(server.url);
  const { page, feed } = dashboard;
  await publisher.publish('agent_message', said('before'));
  await feed.getByText('before', { exact: true }).waitFor();
  for (const chip of ['1 gap', '2 gaps']) {
    await page.getByRole('button', { name: 'Lose the log' }).and(page.locator(':enabled')).click();
    await page.getByText(chip).waitFor();
  }
  for (let turn = 1; turn <= 20; turn++) {
    await publisher.publish('agent_message', said(`turn ${turn}`));
    await feed.getByText(`turn ${turn}`, { exact: true }).waitFor();
  }
  expect(await page.locator('.marks-gap').count()).toBe(1);
});
