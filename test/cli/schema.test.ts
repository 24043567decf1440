import { expect, test } from 'vitest';
import * as z from 'zod';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { dreams, ownRouter } from '../support/foreign-router.ts';
import { run } from './command.ts';
import { runHere } from './here.ts';

test('schema --url prints the events of a server in either format; control: without it, those of the simulation', async () => {
  const catalog = defineEvents({ dream: z.object({ symbol: z.string() }) });
  await using server = await startTestServer({}, { catalog });
  const served = await run(['schema', '--url', server.url]);
  expect(served).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(served.stdout)).toMatchObject({ oneOf: [{ $ref: '#/$defs/dream' }] });
  const asyncapi = await runHere(['schema', '--format', 'asyncapi', '--url', `${server.url}/trpc`]);
  expect(JSON.parse(asyncapi.stdout)).toMatchObject({ asyncapi: expect.stringMatching(/^3\./) });
  expect(asyncapi.stdout).toContain('dream');
  expect((await runHere(['schema'])).stdout).toContain('simulation_state');
});

test('schema --url reports the HTTP status where a server has no schema', async () => {
  const manager = new EventManager({ catalog: dreams, broker: new MemoryBroker() });
  await using app = await startForeignApp(ownRouter(manager));
  expect(await runHere(['schema', '--url', app.url])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /schema\.json answered with HTTP status 404\. A server started by startServer serves/,
    ),
  });
  const nobody = await runHere(['schema', '--url', 'http://127.0.0.1:1']);
  expect(nobody.stderr).toMatch(/No events are served at http:\/\/127\.0\.0\.1:1: /);
  await manager.close();
});
