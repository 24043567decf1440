import { describe, expect, test } from 'vitest';
import { measureStagnation } from '../../simulation/network/stagnation.ts';
import { LIVELY, STAGNANT } from './fixtures/conversations.ts';

/** Stagnation after each message. */
const course = (texts: readonly string[]): number[] =>
  texts.map((_, index) => measureStagnation(texts.slice(0, index + 1)));

describe('stagnation', () => {
  test.each(Object.entries(LIVELY))(
    'stays far below 0.6 all through a lively conversation: %s',
    (_, texts) => {
      expect(Math.max(...course(texts))).toBeLessThan(0.4);
    },
  );

  test.each(Object.entries(STAGNANT))('crosses 0.6 when the same is said in other words: %s', (_, texts) => {
    const values = course(texts);
    expect(values[3]).toBeLessThan(0.3);
    expect(values.at(-1)).toBeGreaterThan(0.6);
  });

  test('is 1 when one sentence is all that is said, and 0 before anything is', () => {
    expect(measureStagnation([])).toBe(0);
    expect(measureStagnation(Array(24).fill('I am fine, thank you. And you?'))).toBeCloseTo(1);
  });

  test('falls below 0.48 within six new messages', () => {
    const stuck: string[] = Array(16).fill('Open the door. It is still here, and so am I.');
    const fresh = LIVELY['Wilde, The Importance of Being Earnest']?.slice(0, 6) ?? [];
    expect(measureStagnation([...stuck, ...fresh])).toBeLessThan(0.48);
  });

  test('is not caused by short answers between new thoughts', () => {
    const texts = (LIVELY['Carroll, A Mad Tea-Party'] ?? []).flatMap((line) => [line, 'Yes.']);
    expect(Math.max(...course(texts))).toBeLessThan(0.6);
  });

  test('takes any text: none, signs, other scripts', () => {
    const texts = ['', ' ', '!?', '你好', '你好', 'ça va', '__proto__ constructor'];
    for (const value of course(texts)) expect(value).toBeGreaterThanOrEqual(0);
    expect(measureStagnation(Array(24).fill('你好 世界'))).toBeCloseTo(1);
  });
});
