import { describe, expect, test } from 'vitest';
import { InputTexts } from '../../server/app/http/input-texts.ts';

const COUNT = 20;

/** In how many turns of the event loop so many bodies are given out that are asked for at once. */
async function turnsOf(bytes: number, read: (body: string) => Promise<string>): Promise<number> {
  let turn = 0;
  const count = (): void => {
    turn++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const givenIn = new Set<number>();
  const body = 'x'.repeat(bytes);
  await Promise.all(Array.from({ length: COUNT }, () => read(body).then(() => givenIn.add(turn))));
  clearImmediate(counting);
  return givenIn.size;
}

describe('large bodies that are asked for at once', () => {
  const texts = new InputTexts();
  const given = (body: string) => texts.give(new Request('http://localhost'), body).text();

  test('are given out in a turn of the event loop each', async () => {
    expect(await turnsOf(200_000, given)).toBe(COUNT);
  });

  test('control: without turns they share them, as small bodies do with', async () => {
    expect(await turnsOf(200_000, async (body) => body)).toBe(1);
    expect(await turnsOf(100, given)).toBeLessThan(COUNT / 2);
  });
});
