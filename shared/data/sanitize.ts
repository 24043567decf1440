import { invalidAt, mapTree, type TreeRules } from './tree.ts';

/** All of Unicode's control characters (Cc) but tab, line feed and carriage return. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;
const ALL_CONTROL = new RegExp(CONTROL, 'gu');

const WITHOUT_CONTROL: TreeRules = {
  leaf: (value) =>
    typeof value === 'string' && CONTROL.test(value) ? value.replace(ALL_CONTROL, '') : value,
  name: (name, path) => {
    if (CONTROL.test(name)) throw invalidAt(path, 'a field’s name has control characters');
    return name;
  },
};

/**
 * Takes control characters out of all strings: they hide text, move cursors and end terminals' escapes. Tabs and line
 * ends stay. What has none is returned as it is, and nothing is changed in place.
 * @throws EventsError INVALID_EVENT where a field's name has some, or data is nested more than 64 levels deep
 */
export function stripControlCharacters(data: unknown): unknown {
  return mapTree(data, WITHOUT_CONTROL);
}
