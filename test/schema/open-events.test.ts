import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, describe, expect, test } from 'vitest';
import { loadCatalog } from '../../cli/schema/load-catalog.ts';
import { EventManager, SqliteBroker, toAsyncApi, toJsonSchema } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { catalogModule } from '../cli/catalog-module.ts';
import { runHere } from '../cli/here.ts';
import { openCatalog } from '../open/catalog.ts';

const official = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json');
const ajv = () => addFormats.default(new Ajv.default({ strict: false, allErrors: true }));

type Validate = (path: string, value: unknown) => unknown;

/** Validates values by a part of the document of the catalog; the errors, if there are any. */
function validator(): Validate {
  const schemas = ajv().addSchema(toAsyncApi(openCatalog), 'document');
  return (path, value) => {
    const validate = schemas.getSchema(`document#/components/${path}`);
    if (!validate) return `there is no ${path}`;
    return validate(value) ? null : validate.errors;
  };
}

/** Items of a stream of server-sent events, as they come. */
async function* itemsOf(response: Response) {
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: {"json"')) yield JSON.parse(line.slice(6)).json;
  }
}

describe('AsyncAPI of a catalog with open events', () => {
  test('conforms to the specification, and has the calls of each kind', () => {
    const document = toAsyncApi(openCatalog);
    const validate = ajv().compile(official);
    validate(document);
    expect(validate.errors).toBe(null);
    expect(Object.keys(document['channels'] as object)).toEqual([
      ...['events', 'publish_note', 'publish_reply', 'publish_typing', 'ingress'],
      ...['begin_reply', 'begin_approval', 'begin_viewer', 'append', 'update', 'touch', 'settle'],
      'answer_approval',
    ]);
    const text = JSON.stringify(document);
    const targets = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) =>
      path
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document),
    );
    expect(targets.length).toBeGreaterThan(40);
    expect(targets).not.toContain(undefined);
  });

  test('has none of it where every event is complete when it is published', () => {
    expect(JSON.stringify(toAsyncApi(psycheEvents))).not.toMatch(/stream_update|begin|settle/);
  });

  test('describes what calls take and are answered with, and each item of a stream', async () => {
    await using server = await startTestServer({}, { catalog: openCatalog });
    const errorsOf = validator();
    const call = async (name: string, path: string, input: object) => {
      expect(errorsOf(`messages/${name}.input/payload`, input)).toBe(null);
      const response = await fetch(`${server.url}/trpc/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input),
      });
      const { result, error } = await response.json();
      expect(error).toBe(undefined);
      const answer = result.data.json;
      expect({ name, errors: errorsOf(`messages/${name}.output/payload`, answer) }).toEqual({
        name,
        errors: null,
      });
      return answer;
    };
    const aborting = new AbortController();
    const stream = await fetch(`${server.url}/trpc/on.any`, { signal: aborting.signal });
    const items = itemsOf(stream);
    expect((await items.next()).value.event_type).toBe('stream_synced');

    const reply = await call('begin_reply', 'begin.reply', { data: { agent_id: 'a', text: '' } });
    const { id, key } = reply;
    await call('append', 'append', { id, key, at: 0, text: 'Hello' });
    await call('touch', 'touch', { ids: [id], key });
    await call('settle', 'settle', { id, key, state: 'aborted', reason: 'enough' });
    const asked = await call('begin_approval', 'begin.approval', { data: { tool: 'rm' }, key: 'call-1' });
    await call('answer_approval', 'answer.approval', { id: asked.id, answer: { allow: true } });
    const again = await call('begin_approval', 'begin.approval', { data: { tool: 'rm' }, key: 'call-1' });
    expect(again.settled).toMatchObject({ state: 'answered', answer: { allow: true } });
    const viewer = await call('begin_viewer', 'begin.viewer', { data: { name: 'Ada' }, leaseMs: 60_000 });
    await call('update', 'update', { id: viewer.id, key: viewer.key, data: { name: 'Bea' } });
    await call('settle', 'settle', { id: viewer.id, key: viewer.key, state: 'left' });
    await server.manager.publish('typing', { who: 'Ada' });
    await server.manager.publish('reply', { agent_id: 'a', text: 'whole' });

    const told: string[] = [];
    for await (const item of items) {
      const { event_type, open } = item;
      const errors = errorsOf(`schemas/${event_type}`, item);
      expect({ item, errors }).toEqual({ item, errors: null });
      told.push(open ? `${event_type} ${open.state}` : event_type);
      if (item.data.text === 'whole') break;
    }
    expect(told).toEqual([
      ...['reply open', 'stream_update', 'reply aborted', 'approval open', 'approval answered'],
      ...['viewer open', 'stream_update', 'stream_update', 'typing', 'reply'],
    ]);
    aborting.abort();
  });

  test('control: other kinds, states, fields and answers are not valid', () => {
    const errorsOf = validator();
    const timestamp = '2026-01-31T12:00:00Z';
    const open = { id: 'reply.1', kind: 'growing', state: 'open', field: 'text' };
    const reply = { event_type: 'reply', timestamp, data: { agent_id: 'a', text: '' }, open };
    expect(errorsOf('schemas/reply', reply)).toBe(null);
    const wrong = [{ kind: 'question' }, { state: 'answered' }, { field: 'agent_id' }, { id: '' }];
    for (const part of wrong)
      expect(errorsOf('schemas/reply', { ...reply, open: { ...open, ...part } })).not.toBe(null);
    for (const part of [{ stored: true }, { answer: { allow: true } }])
      expect(errorsOf('schemas/reply', { ...reply, ...part })).not.toBe(null);
    const update = { event_type: 'stream_update', timestamp, data: { id: 'reply.1', text: 'no offset' } };
    expect(errorsOf('schemas/stream_update', update)).not.toBe(null);
    const counted = (more: object) =>
      errorsOf('schemas/stream_update', { ...update, data: { type: 'viewer', count: 450, ...more } });
    expect([counted({}), counted({ each: true })]).toEqual([null, null]);
    expect(counted({ each: 'one' })).not.toBe(null);
    const ended = { ...update, data: { id: 'reply.1', state: 'done' } }; // hidden by a filter
    expect(errorsOf('schemas/stream_update', ended)).toBe(null);
    const answer = { id: 'approval.1', answer: { allow: 'yes' } };
    expect(errorsOf('messages/answer_approval.input/payload', answer)).not.toBe(null);
  });
});

describe('schema --check and --diff with an event whose kind has changed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const data = 'z.object({ text: z.string() })';
  const complete = catalogModule(directory, 'complete.mjs', `{ reply: ${data} }`);
  const growing = catalogModule(directory, 'growing.mjs', `{ reply: growing(${data}, 'text') }`);

  /** Output of a command for a saved document of `before` and the catalog of `after`. */
  async function compared(option: string, before: string, after: string) {
    const document = join(directory, 'released.schema.json');
    writeFileSync(document, (await runHere(['schema', '--catalog', before])).stdout);
    const { code, stdout } = await runHere(['schema', '--catalog', after, option, document]);
    return { code, stdout };
  }

  test('a complete event that becomes a growing one breaks', async () => {
    expect(await compared('--check', complete, growing)).toEqual({
      code: 1,
      stdout: 'reply, version 1: data is object there, and growing (x-grows "text") in the catalog\n',
    });
    expect((await compared('--diff', complete, growing)).stdout).toBe(
      '~ reply, version 1: its schema has changed\n    ~ data: object → growing (x-grows "text")\n',
    );
  });

  test('a growing event that becomes a complete one breaks too: its openings would be gaps', async () => {
    expect(await compared('--check', growing, complete)).toEqual({
      code: 1,
      stdout: 'reply, version 1: data is growing (x-grows "text") there, and object in the catalog\n',
    });
    expect((await compared('--diff', growing, complete)).stdout).toBe(
      '~ reply, version 1: its schema has changed\n    ~ data: growing (x-grows "text") → object\n',
    );
  });

  test('control: an event of the same kind has not changed', async () => {
    expect(await compared('--check', growing, growing)).toEqual({
      code: 0,
      stdout: 'All can be read, by their schemas: 1 event of the document\n',
    });
    expect((await compared('--diff', growing, growing)).stdout).toBe('Nothing has changed.\n');
  });

  test('openings and settlements in a log cannot be read where the event is complete now', async () => {
    const path = join(directory, 'psyche.db');
    const catalog = await loadCatalog(growing);
    const manager = new EventManager({ catalog, broker: await SqliteBroker.open({ path }) });
    await manager.publish('reply', { text: 'whole' });
    const { id, key } = await manager.opens.begin('reply', { text: '' });
    await manager.opens.settle({ id, key, state: 'done', by: undefined });
    await manager.close();
    const { code, stdout } = await runHere(['schema', '--catalog', complete, '--check', path]);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /^reply, version 1: 2 of 3 records cannot be read, .*: such an event is never open\n$/,
      ),
    });
  });
});

test('JSON Schema names the kind of an event’s data', () => {
  expect(toJsonSchema(openCatalog)['$defs']).toMatchObject({
    reply: { properties: { data: { 'x-kind': 'growing', 'x-grows': 'text' } } },
    approval: { properties: { data: { 'x-kind': 'question' }, answer: { type: 'object' } } },
    viewer: { properties: { data: { 'x-kind': 'presence' } } },
    typing: { properties: { data: { 'x-kind': 'ephemeral' }, stored: { const: false } } },
  });
});
