import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { RawSocket, takesTokens, token } from './harness.ts';

const COUNT = 50;

/** Collects Node's warnings while something is done. */
async function warningsOf(work: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  await work();
  await sleep(0); // Node warns in a later turn
  process.off('warning', note);
  return warnings;
}

test('Node warns of no leak when one session has many subscriptions', async () => {
  await using server = await startTestServer({}, { authenticate: takesTokens });
  await using socket = new RawSocket(server.url, { token: await token() });
  const synced = (): number => JSON.stringify(socket.messages).split('"stream_synced"').length - 1;
  socket.call(1, 'subscription', 'on.any', {});
  await expect.poll(synced).toBe(1);
  const warnings = await warningsOf(async () => {
    for (let id = 2; id <= COUNT; id++) socket.call(id, 'subscription', 'on.any', {});
    await expect.poll(synced).toBe(COUNT);
  });
  expect(warnings).toEqual([]);
});

test('control: Node warns when another signal has as many listeners', async () => {
  const { signal } = new AbortController();
  setMaxListeners(10, signal); // some versions of Node do not warn of signals otherwise
  const warnings = await warningsOf(() => {
    for (let n = 0; n < COUNT; n++) signal.addEventListener('abort', () => {});
  });
  expect(warnings).toEqual(['MaxListenersExceededWarning']);
});
