/** A program that is bundled into one CommonJS file, and moved away from its packages. */
import { createClient } from 'psyche-events/client';
import { loadConfig, startServer } from 'psyche-events/server';
import { catalog } from './catalog.ts';

async function main() {
  const config = loadConfig({ port: 0, logLevel: 'silent' }, {});
  const server = await startServer(config, { catalog });
  const client = createClient({ url: server.url, catalog });
  const first = new Promise<string>((resolve) => {
    client.on('dream', ({ data: { at, heard, length } }) => {
      resolve(`${at.toISOString()} ${heard.get('fire')} ${length + 1n}`);
    });
  });
  await client.publish('dream', { at: new Date(0), heard: new Map([['fire', 2n ** 64n]]), length: 7n });
  console.log(`received ${await first}`);
  await client.close();
  await server.close();
}
main();
