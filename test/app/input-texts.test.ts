import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { InputTexts } from '../../server/app/http/request-bodies.ts';
import { EventsError } from '../../shared/errors.ts';
import { defineEvents } from '../../shared/index.ts';
import { TurnCount } from '../support/turn-count.ts';
import { startTestServer } from './harness.ts';

const COUNT = 20;

/** In how many turns of the event loop so many bodies are given out that are asked for at once. */
async function turnsOf(bytes: number, read: (body: string) => Promise<string>): Promise<number> {
  using turns = new TurnCount();
  const givenIn = new Set<number>();
  const body = 'x'.repeat(bytes);
  await Promise.all(Array.from({ length: COUNT }, () => read(body).then(() => givenIn.add(turns.now))));
  return givenIn.size;
}

describe('large bodies that arrive at once', () => {
  const texts = new InputTexts();
  const given = (body: string) => texts.give(new Request('http://localhost'), Buffer.from(body)).text();

  test('are handed out in one turn of the event loop each', async () => {
    expect(await turnsOf(200_000, given)).toBe(COUNT);
  });

  test('control: share turns when they are handed out directly, as small bodies always do', async () => {
    expect(await turnsOf(200_000, async (body) => body)).toBe(1);
    expect(await turnsOf(100, given)).toBeLessThan(COUNT / 2);
  });
});

describe('a body with more values than an input may have', () => {
  const LARGE = `[${'{},'.repeat(340_000)}{}]`;

  test('is refused before tRPC parses it', async () => {
    const request = new InputTexts().give(new Request('http://localhost'), Buffer.from(LARGE));
    await expect(request.text()).rejects.toMatchObject({ cause: { code: 'TOO_LARGE' } });
    // The control: as many characters with fewer values.
    const text = JSON.stringify('x'.repeat(LARGE.length));
    expect(await new InputTexts().give(new Request('http://localhost'), Buffer.from(text)).text()).toBe(text);
  });

  test('is answered with 413 and TOO_LARGE, and is not examined for a client that is not let in', async () => {
    const catalog = defineEvents({ listed: z.object({ list: z.array(z.unknown()) }) });
    const post = (url: string) =>
      fetch(`${url}/trpc/publish.listed`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"data":{"list":${LARGE}}}`,
      });
    await using open = await startTestServer({}, { catalog });
    const refused = await post(open.url);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ error: { json: { data: { reason: 'TOO_LARGE' } } } });

    let asked = 0;
    const authenticate = async () => {
      asked++;
      await sleep(1);
      throw new EventsError('UNAUTHENTICATED', 'no');
    };
    await using closed = await startTestServer({}, { catalog, authenticate });
    expect((await post(closed.url)).status).toBe(401);
    expect(asked).toBe(1);
  });
});

describe('a body that is not UTF-8', () => {
  const LATIN_1 = Buffer.from(JSON.stringify({ data: { text: 'café' } }), 'latin1');

  test('is refused with INVALID_OPTION, and nothing is stored in its place', async () => {
    const request = new InputTexts().give(new Request('http://localhost'), LATIN_1);
    await expect(request.text()).rejects.toMatchObject({ cause: { code: 'INVALID_OPTION' } });
    const catalog = defineEvents({ said: z.object({ text: z.string() }) });
    await using server = await startTestServer({}, { catalog });
    const headers = { 'content-type': 'application/json' };
    const post = (body: Uint8Array<ArrayBuffer>) =>
      fetch(`${server.url}/trpc/publish.said`, { method: 'POST', headers, body });
    expect((await post(new Uint8Array(LATIN_1))).status).toBe(400);
    // A mark of the byte order is none of the text.
    expect((await post(new TextEncoder().encode('\uFEFF{"data":{"text":"café"}}'))).status).toBe(200);
    const { result } = await (await fetch(`${server.url}/trpc/history`)).json();
    expect(result.data.json.items.map((item: { event: { data: unknown } }) => item.event.data)).toEqual([
      { text: 'café' },
    ]);
  });

  test('control: changes when it is decoded as UTF-8 anyway', () => {
    expect(LATIN_1.toString()).toContain('caf\uFFFD');
  });
});
