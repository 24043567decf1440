import { expect, test } from 'vitest';
import { matchesPattern } from '../../shared/pattern.ts';

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
])('%s and %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});
