import { describe, expect, test } from 'vitest';
import { CloseCode, ERRORS } from '../../shared/index.ts';
import { FRAMES } from './frames.ts';
import { type Answer, compare, replay } from './replay.ts';
import { matches, withOneChange } from './template.ts';

/** Number of changed frames that are tried of an exchange with thousands of values. */
const MOST_CHANGES = 400;

describe('a real server sends the golden frames byte by byte, and a frame with one change does not match,', () => {
  test.concurrent.each(Object.entries(FRAMES))('for %s', { timeout: 60_000 }, async (_name, exchange) => {
    const answers: Answer[] = [];
    await replay(exchange, (answer) => {
      answers.push({ ...answer, bound: new Map(answer.bound) });
      compare(answer);
    });
    expect(answers.length).toBeGreaterThan(0);
    for (const { expected, actual, asWire, bound } of answers) {
      const texts: string[] = [];
      for (const changed of withOneChange(expected)) if (texts.push(asWire(changed)) === MOST_CHANGES) break;
      expect(texts.length).toBeGreaterThan(0);
      expect(texts.filter((text) => matches(text, actual, new Map(bound)))).toEqual([]);
    }
  });
});

describe('the golden frames show', () => {
  const text = JSON.stringify(FRAMES);

  test.each(Object.keys(ERRORS))('the error %s', (code) => {
    expect(text).toContain(`"reason":"${code}"`);
  });

  test.each([...Object.values(CloseCode), 1008])('the close code %i', (code) => {
    expect(text).toContain(`"closed":${code},`);
  });

  test.each(['trimmed', 'epoch_changed', 'conflated', 'dropped', 'unknown_version', 'erased'])(
    'a gap with the reason %s',
    (reason) => {
      expect(text).toContain(`"reason":"${reason}"`);
    },
  );
});

describe('control: a replay of frames fails', () => {
  const { publish } = FRAMES;
  const { steps, ...rest } = publish ?? expect.unreachable('frames.json has publish');
  const last = steps.at(-1);

  test('when the server sends something else', async () => {
    const changed = JSON.parse(JSON.stringify(last).replace('"duplicate":false', '"duplicate":true'));
    const replayed = replay({ ...rest, steps: [...steps.slice(0, -1), changed] });
    await expect(replayed).rejects.toThrow('"duplicate":false');
  });

  test('when the server sends more', async () => {
    const asked = {
      request: { method: 'GET', path: '/healthz' },
      status: 200,
      body: { status: 'ok' },
    } as const;
    const replayed = replay({ ...rest, steps: [...steps.slice(0, -1), asked, asked] });
    await expect(replayed).rejects.toThrow('The server said more: {"id":2,');
  });

  test('when an epoch changes in mid-exchange', () => {
    const bound = new Map([['epoch', 'a']]);
    expect(matches('{epoch}:1', 'a:1', new Map(bound))).toBe(true);
    expect(matches('{epoch}:1', 'b:1', new Map(bound))).toBe(false);
  });
});
