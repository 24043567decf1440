import { describe, expect, test } from 'vitest';
import { simulationEvents } from '../../simulation/index.ts';
import { snippets } from './snippets.ts';

/** The value of a block; in `jsonc`, comments are left out. */
function parsed({ code, language }: { code: string; language: string }): unknown {
  return JSON.parse(language === 'jsonc' ? code.replace(/\/\*.*?\*\/|\/\/.*$/gms, '') : code);
}

describe('JSON in the documents', () => {
  test.each(snippets('json', 'jsonc'))('$place is valid JSON', (snippet) => {
    expect(parsed(snippet)).toBeTypeOf('object');
  });

  const events = snippets('json').filter(({ code }) => code.startsWith('{\n  "event_type"'));

  test('the guide has one event of each kind', () => {
    const shown = events.map((snippet) => (parsed(snippet) as { event_type: string }).event_type);
    expect(shown).toEqual(expect.arrayContaining(['agent_message', 'network_update', 'system_status']));
  });

  test.each(events)('$place is an event that matches its schema', (snippet) => {
    const { event_type, timestamp, data } = parsed(snippet) as Record<string, string>;
    expect(new Date(timestamp ?? '').toISOString()).toBe(timestamp);
    expect(simulationEvents.parse(event_type as 'agent_message', data)).toEqual(data);
  });
});
