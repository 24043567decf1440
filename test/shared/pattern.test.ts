import { expect, test, vi } from 'vitest';
import { matchesPattern, parseTopics } from '../../shared/topic.ts';

test.each([
  ['run-42', 'run-42', true],
  ['run-42', 'run-421', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['agent_*', 'agent_message', true],
  ['agent_*', 'system_agent_x', false],
  ['*_status', 'system_status', true],
  ['*_status', 'system_status_2', false],
  ['a*b*c', 'a1b2c', true],
  ['a*b*c', 'ac', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*b*', 'abc', true],
  ['*b*', 'ac', false],
  ['**', 'x', true],
  ['a.c', 'abc', false],
  ['', 'x', false],
])('the pattern and name %s and %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});

test('the patterns of a subscription are parsed once, however many topics there are', () => {
  const split = vi.spyOn(String.prototype, 'split');
  const { includes } = parseTopics(Array.from({ length: 50 }, (_, n) => `*${'*a'.repeat(40)}${n}*`));
  const before = split.mock.calls.length;
  for (let n = 0; n < 100; n++) expect(includes(`topic-${n}`)).toBe(false);
  expect(split.mock.calls.length).toBe(before);
  matchesPattern('a*', 'topic'); // the control
  expect(split.mock.calls.length).toBe(before + 1);
  split.mockRestore();
});
