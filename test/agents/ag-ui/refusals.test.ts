import { type BaseEvent, EventType, type Message, type RunAgentInput } from '@ag-ui/core';
import { from } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { agUiRuns } from '../../../agents/ag-ui/index.ts';
import { createClient } from '../../../client/index.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { EventManager } from '../../../server/event-manager/event-manager.ts';
import { type Logger, silentLogger } from '../../../server/telemetry/logger.ts';
import { catalog, inputOf, question, TOPIC } from './viewers.ts';
import { agUiServer } from './world.ts';

// AG-UI's own agents print what ends a run.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

/** A logger, and the fields of its lines of a level, and of a message where one is named. */
function linesOf() {
  const written: [level: string, fields: object, message: string][] = [];
  const to = (level: string) => (fields: object, message: string) =>
    void written.push([level, fields, message]);
  const logger: Logger = {
    ...silentLogger,
    ...{ debug: to('debug'), warn: to('warn'), error: to('error') },
  };
  const lines = (level: string, message?: string) =>
    written.flatMap(([of, fields, says]) => (of === level && (message ?? says) === says ? [fields] : []));
  return { logger, lines };
}

test('a request of a stranger that AG-UI does not take costs no line for each thing, and no long error', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { logger, lines } = linesOf();
  const manager = new EventManager({ broker: new MemoryBroker(), catalog, logger });
  const inputs: RunAgentInput[] = [];
  agUiRuns(manager).serve((asked) => {
    inputs.push(asked);
    return from<BaseEvent[]>([]);
  });
  const ask = (runId: string, messages: object[]) => {
    const request = { input: { ...inputOf(runId), messages: messages as Message[] } };
    return manager.publish('agui_request', request, { topic: TOPIC });
  };
  await ask('r1', [question, ...Array(1000).fill({ role: 'nobody' })]);
  await expect.poll(() => inputs).toMatchObject([{ messages: [question] }]); // as AG-UI leaves it
  await ask('r2', Array(1000).fill({ id: 'u1', role: 'user' }));
  expect(warn).not.toHaveBeenCalled();
  await expect.poll(() => lines('debug', 'A run was not begun').length).toBe(1);
  const [{ err }] = lines('debug', 'A run was not begun') as [{ err: Error }];
  expect(err).toEqual(refused('INVALID_EVENT', 'input.messages.0'));
  expect(`${err.stack}`.length).toBeLessThan(10_000);
  expect([...lines('error'), ...lines('warn')]).toEqual([]); // a mistake of a stranger is for debugging alone
  expect(process.env['SUPPRESS_TRANSFORMATION_WARNINGS']).toBeUndefined();
  await manager.close();
});

test('a request that the server refuses is told to its sender at once, with the code', async () => {
  await using server = await agUiServer();
  const another = server.agent({ topicOf: () => 'another-topic' });
  await expect(another.runAgent({ runId: 'r1' })).rejects.toEqual(refused('INVALID_TOPIC', 'another-topic'));
  expect(server.said.runs).toEqual([]);
  const own = server.agent();
  const running = own.runAgent({ runId: 'r2' }); // a refusal of another's changes nothing for it
  const run = await server.said.next();
  await another.runAgent({ runId: 'r2' }).catch(() => {});
  run.end();
  await running;
});

test('a failure before a run is begun is told to its asker at once, its words to the log alone', async () => {
  const { logger, lines } = linesOf();
  const manager = new EventManager({ broker: new MemoryBroker(), catalog, logger });
  const thrown = new Error('No such tenant: t-4711');
  const topicOf = () => {
    throw thrown;
  };
  agUiRuns(manager, { topicOf }).serve(() => from<BaseEvent[]>([]));
  const told = new Promise((resolve) => {
    manager.addListener(({ data }) => resolve(data), { topic: TOPIC, types: ['agui_refused'] });
  });
  await manager.publish('agui_request', { input: inputOf('r1') }, { topic: TOPIC });
  const message = 'The server failed to begin the run: its log says why.';
  expect(await told).toEqual({ run_id: 'r1', error: { code: 'UNAVAILABLE', message } });
  await expect.poll(() => lines('error')).toMatchObject([{ err: thrown }]);
  expect(manager.stats().errors.listener).toBe(1);
  await manager.close();
});

test('a failure before a run is begun is in the log, also where its asker cannot be told', async () => {
  const { logger, lines } = linesOf();
  const manager = new EventManager({ broker: new MemoryBroker(), catalog, logger });
  const thrown = new Error('No such tenant: t-4711');
  const topicOf = () => {
    vi.spyOn(manager, 'publish').mockRejectedValue(new Error('The broker is away.'));
    throw thrown;
  };
  agUiRuns(manager, { topicOf }).serve(() => from<BaseEvent[]>([]));
  await manager.publish('agui_request', { input: inputOf('r1') }, { topic: TOPIC });
  await expect.poll(() => lines('error')).toContainEqual(expect.objectContaining({ err: thrown }));
  expect(lines('warn')).toMatchObject([{ err: { message: 'The broker is away.' } }]);
  await manager.close();
});

test('a refusal of another request for a run that is seen changes nothing for whoever sees it', async () => {
  await using server = await agUiServer();
  const client = createClient({ url: server.url, catalog });
  const refusals: object[] = [];
  await client.on('agui_refused', ({ data }) => void refusals.push(data), { topic: TOPIC }).ready;
  const agent = server.agent({ client });
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  const say = (delta: string) => run.say({ type: EventType.TEXT_MESSAGE_CONTENT, messageId: 'm1', delta });
  run.say({ type: EventType.TEXT_MESSAGE_START, messageId: 'm1', role: 'assistant' });
  say('Still ');
  await expect.poll(() => agent.messages).toMatchObject([{ content: 'Still ' }]);
  const wrong = { ...inputOf('r1'), messages: [{ id: 'u1', role: 'user' }] as never };
  await server.manager.publish('agui_request', { input: wrong }, { topic: TOPIC });
  await expect.poll(() => refusals).toEqual([{ run_id: 'r1', error: refused('INVALID_EVENT') }]);
  say('here.');
  await expect.poll(() => agent.messages).toMatchObject([{ content: 'Still here.' }]);
  run.end();
  await running;
  await client.close();
});

test('a run that its agent was told to the end is not run again', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  const running = agent.runAgent({ runId: 'r1' });
  (await server.said.next()).end();
  await running;
  await expect(agent.runAgent({ runId: 'r1' })).rejects.toEqual(refused('INVALID_OPTION', 'was run before'));
  expect(server.said.runs).toHaveLength(1);
});
