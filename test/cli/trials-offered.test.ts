import { expect, test } from 'vitest';
import { catalog, createApplication } from '../../cli/serve/application.ts';
import type { ServerOptions } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';

test.each<[string, ServerOptions, boolean]>([
  ['by a server that this machine alone reaches', {}, true],
  ['not where the address of a client is a proxy’s to tell', { trustProxy: ['loopback'] }, false],
  ['not where it has a name of the network', { allowedHosts: ['events.example.org', '127.0.0.1'] }, false],
  ['not below a path of a proxy', { basePath: '/events' }, false],
])('the loss of a log is offered as a trial %s', async (_, options, isOffered) => {
  const application = await createApplication({}, false);
  await using server = await startTestServer(options, { application, catalog });
  const offered = await fetch(`${server.url}/trpc/simulation.mayLoseLog`);
  expect(await offered.json()).toMatchObject({ result: { data: { json: isOffered } } });
  const body = '{"topic":"other"}';
  const headers = { 'content-type': 'application/json' };
  const lost = await fetch(`${server.url}/trpc/simulation.loseLog`, { method: 'POST', headers, body });
  expect(lost.status).toBe(isOffered ? 200 : 403);
});
