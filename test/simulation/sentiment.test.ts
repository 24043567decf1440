import { describe, expect, test } from 'vitest';
import { vaderSentiment } from '../../simulation/agent/sentiment.ts';

describe('sentiment', () => {
  test.each([
    ['It is a relief, and I am happy that you came.', 'positive'],
    ['I hated you. I was lonely and afraid.', 'negative'],
    ['There is a chair beside the table.', 'neutral'],
    ['I am not happy with this.', 'negative'],
    ['', 'neutral'],
    ['constructor __proto__ toString', 'neutral'],
  ])('%s → %s', (text, label) => {
    expect(vaderSentiment.analyze(text).label).toBe(label);
  });

  test('is scored from −1 to 1, however strong the words', () => {
    expect(vaderSentiment.analyze('WONDERFUL! LOVE! JOY! '.repeat(200)).score).toBeLessThanOrEqual(1);
    expect(vaderSentiment.analyze('horrible hate murder agony '.repeat(200)).score).toBeGreaterThanOrEqual(
      -1,
    );
    expect(vaderSentiment.analyze('horrible hate murder agony').score).toBeLessThan(-0.5);
  });
});
