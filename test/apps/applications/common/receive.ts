import { createClient } from 'psyche-events/client';
import type { AppRouter } from './router.ts';

/**
 * The task of each application: a typed event with a Date, a Map and bigints, the first that is published, and
 * many subscriptions and calls on one socket.
 * @returns a line that tells what arrived
 */
export async function receive(url: string): Promise<string> {
  const client = createClient<AppRouter>({ url, path: 'events', connectionParams: () => ({ user: 'Ada' }) });
  const first = new Promise<string>((resolve, reject) => {
    client.on(
      'dream',
      ({ data: { at, heard, length } }) => {
        const fire: bigint | undefined = heard.get('fire');
        resolve(`${at.toISOString()} ${fire} ${length + 1n}`);
      },
      { onError: reject },
    );
  });
  const data = { at: new Date(0), heard: new Map([['fire', 2n ** 64n]]), length: 7n };
  await client.publish('dream', data);
  const received = await first;

  const topics = Array.from({ length: 30 }, (_, n) => `room-${n}`);
  const heard = topics.map(
    (topic) => new Promise((resolve) => client.on('dream', (_, { topic: of }) => resolve(of), { topic })),
  );
  await Promise.all(topics.map((topic) => client.publish('dream', data, { topic })));
  await Promise.all(heard);
  const pages = await Promise.all(topics.map((topic) => client.history({ topic })));
  await client.close();
  return `received ${received}, and ${pages.flatMap(({ items }) => items).length} of 30`;
}
