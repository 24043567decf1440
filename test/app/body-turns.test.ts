import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { readInTurns } from '../../server/app/http/body-turns.ts';

const COUNT = 20;

/** In how many turns of the event loop the bodies of so many requests are handled that come at once. */
async function turnsOf(bytes: number, isInTurns: boolean): Promise<number> {
  await using app = Object.assign(fastify(), { [Symbol.asyncDispose]: async () => app.close() });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => done(null, body));
  if (isInTurns) readInTurns(app);
  let turn = 0;
  const handledIn = new Set<number>();
  app.post('/', async () => {
    handledIn.add(turn);
    return {};
  });
  await app.ready();
  const count = (): void => {
    turn++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const headers = { 'content-type': 'application/json' };
  const payload = 'x'.repeat(bytes);
  const sent = Array.from({ length: COUNT }, () =>
    app.inject({ method: 'POST', url: '/', headers, payload }),
  );
  for (const { statusCode } of await Promise.all(sent)) expect(statusCode).toBe(200);
  clearImmediate(counting);
  return handledIn.size;
}

test('large bodies that come at once are handled in a turn of the event loop each', async () => {
  expect(await turnsOf(500_000, true)).toBe(COUNT);
});

test('control: without turns they share them, as small bodies do with', async () => {
  expect(await turnsOf(500_000, false)).toBeLessThan(COUNT / 2);
  expect(await turnsOf(100, true)).toBeLessThan(COUNT / 2);
});
