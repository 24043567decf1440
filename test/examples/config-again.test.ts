import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import approval from '../../examples/approval/vite.config.ts';

/** The plugins of a configuration, as far as they are used here. */
interface Config {
  plugins: readonly { config(): Promise<{ server: { proxy: { '/trpc': { target: string } } } }> }[];
}

test('an example that Vite configures again, since a file of it has changed, starts its server anew in the place of the first', async () => {
  const directory = await mkdtemp(join(tmpdir(), `psyche-config-${randomUUID()}`));
  vi.stubEnv('DATA', join(directory, 'events.db')); // which one server at a time may open
  const [plugin] = (approval as unknown as Config).plugins;
  const configure = async () => (await plugin?.config())?.server.proxy['/trpc'].target ?? '';
  const isUp = (url: string) =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    const first = await configure();
    expect(await isUp(first)).toBe(true);
    const second = await configure();
    expect([await isUp(first), await isUp(second)]).toEqual([false, true]);
  } finally {
    vi.unstubAllEnvs();
    const kept = globalThis as { server?: { close(): Promise<void> } };
    await kept.server?.close();
    delete kept.server;
    await rm(directory, { recursive: true });
  }
});
