import { once } from 'node:events';
import { connect } from 'node:net';
import superjson from 'superjson';
import { expect, test } from 'vitest';
import { CloseCode } from '../../shared/protocol.ts';
import { DOCUMENTED_CLOSES, damaged, hostileText, Random, UPGRADE } from '../broadcaster/hostile.ts';
import { agentMessage } from '../support/events.ts';
import { size } from './chaos.ts';
import { storm } from './hostile-storm.ts';
import { type ServerChild, startServerChild, TIGHT_HEAP } from './server-child.ts';

const FRAMES = Number(process.env['HOSTILE_FRAMES'] ?? size(1_000, 1_000_000));
const RANDOM_BODIES = Number(process.env['HOSTILE_BODIES'] ?? size(100, 20_000));
const STORMS = 16;
/** Frames after which memory is as it stays. */
const WARM = Math.min(FRAMES / 2, 20_000);
const MIB = 1024 * 1024;

function publish(url: string, path: string, body: string, type = 'application/json') {
  const headers = { 'content-type': type };
  return fetch(`${url}/trpc/publish.${path}`, { method: 'POST', headers, body });
}

/** The server works, holds nothing of what was sent to it, and no object has what none should have. */
async function expectUnharmed(server: ServerChild): Promise<void> {
  const { published } = await server.state();
  const good = await publish(
    server.url,
    'agent_message',
    JSON.stringify({ json: { data: agentMessage('good') } }),
  );
  expect(good.status).toBe(200);
  await expect
    .poll(() => server.state())
    .toMatchObject({ subscribers: 0, polluted: false, published: published + 1 });
}

test(`${FRAMES} mutated frames on every path end no process, close only with documented codes, and leave no memory behind`, {
  timeout: 300_000 + FRAMES,
}, async () => {
  await using server = await startServerChild({ adapter: 'ours' }, TIGHT_HEAP);
  const storms = (seed: number, frames: number) =>
    Promise.all(
      Array.from({ length: STORMS }, (_, n) => storm(server.port, new Random(seed + n), frames / STORMS)),
    );
  await storms(1, WARM);
  const before = await server.state();
  const startedAt = performance.now();
  const reports = await storms(100, FRAMES);
  const seconds = (performance.now() - startedAt) / 1000;
  const codes = new Set(reports.flatMap(({ closes }) => [...closes.keys()]));
  // 1006 and 1005: a socket that ended, or was told to, without a close of its own.
  expect(
    [...codes].filter((code) => ![...DOCUMENTED_CLOSES, CloseCode.INVALID_PARAMS, 1005, 1006].includes(code)),
  ).toEqual([]);
  await expectUnharmed(server);
  let grown = Number.NaN;
  await expect
    .poll(
      async () => {
        grown = ((await server.state()).residentBytes - before.residentBytes) / MIB;
        return grown;
      },
      { timeout: 30_000, interval: 1_000 },
    )
    .toBeLessThan(64);
  const frames = reports.reduce((sum, report) => sum + report.frames, 0);
  expect(frames).toBeGreaterThanOrEqual(FRAMES);
  console.log(
    `${frames} mutated frames in ${seconds.toFixed(0)} s; closed with ${[...codes].sort().join(', ')}; resident memory ${grown >= 0 ? '+' : ''}${grown.toFixed(1)} MiB`,
  );
});

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const message = (data: string) => `{"json":{"data":${data}}}`;
const withMetadata = (metadata: string) =>
  message(
    JSON.stringify({ ...agentMessage('x'), metadata: 0 }).replace('"metadata":0', `"metadata":${metadata}`),
  );
const batch = (count: number) =>
  JSON.stringify(
    superjson.serialize({
      events: Array.from({ length: count }, () => ({ event_type: 'agent_message', data: agentMessage('x') })),
    }),
  );

const BODIES: readonly [string, string, string, number, string?][] = [
  ['no JSON', 'agent_message', '{"json":', 400],
  ['nothing', 'agent_message', '', 400],
  ['bytes that are no text', 'agent_message', '\ud800\u0000', 400],
  ['another type of content', 'agent_message', '{}', 415, 'text/plain'],
  ['an event of more than a body may have', 'agent_message', withMetadata(`"${'x'.repeat(1_100_000)}"`), 413],
  [
    'a text longer than the schema lets it be',
    'agent_message',
    message(JSON.stringify(agentMessage('x'.repeat(40_000)))),
    400,
  ],
  ['metadata nested 1000 deep', 'agent_message', withMetadata(`{"a":${deep(1_000)}}`), 400],
  ['metadata nested 100 000 deep', 'agent_message', withMetadata(`{"a":${deep(100_000)}}`), 400],
  ['data nested 400 000 deep', 'agent_message', message(deep(400_000)), 413],
  ['__proto__ among the fields', 'agent_message', message('{"__proto__":{"polluted":true}}'), 400],
  [
    '__proto__ in metadata, which is data',
    'agent_message',
    withMetadata('{"__proto__":{"polluted":true}}'),
    200,
  ],
  [
    'annotations that name __proto__',
    'agent_message',
    '{"json":{"data":{}},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
    400,
  ],
  [
    'annotations of no type there is',
    'agent_message',
    '{"json":{"data":1},"meta":{"values":{"data":["nothing"]}}}',
    400,
  ],
  ['a batch of 1000', 'batch', batch(1000), 200],
  ['a batch of 1001', 'batch', batch(1001), 400],
  ['a batch of none', 'batch', batch(0), 400],
  ['an event that is none', 'constructor', '{"json":{"data":{}}}', 404],
];

test('hostile HTTP bodies are each answered as documented, and leave nothing behind', {
  timeout: 60_000,
}, async () => {
  await using server = await startServerChild({ adapter: 'ours' });
  await expectUnharmed(server);
  const before = await server.state();
  const answers: Record<string, number> = {};
  for (const [name, path, body, , type] of BODIES)
    answers[name] = (await publish(server.url, path, body, type)).status;
  expect(answers).toEqual(Object.fromEntries(BODIES.map(([name, , , status]) => [name, status])));

  const random = new Random(41);
  const statuses = new Set<number>();
  for (let n = 0; n < RANDOM_BODIES; n++) {
    const good =
      random.next() < 0.5 ? message(JSON.stringify(agentMessage(`${n}`))) : hostileText(random, ['x'], 0.5);
    const path = random.pick(['agent_message', 'batch', 'system_status']);
    statuses.add((await publish(server.url, path, damaged(random, Buffer.from(good)).toString())).status);
  }
  expect([...statuses].filter((status) => ![200, 400].includes(status))).toEqual([]);
  await expectUnharmed(server);
  expect((await server.state()).residentBytes - before.residentBytes).toBeLessThan(128 * MIB);
});

test('control: six malformed bytes end a process that serves without the protection', async () => {
  await using server = await startServerChild({ adapter: 'stock' });
  const exited = once(server.child, 'exit');
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  socket.write(UPGRADE('/other')); // what the prefix does not match has no listener for errors
  await once(socket, 'data');
  socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  expect((await exited)[0]).not.toBe(0);
});
