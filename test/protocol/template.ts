/** Placeholders of frames.json, for what varies from one run to the next. */
const KINDS: Readonly<Record<string, string>> = {
  /** A log's incarnation: the part of a cursor before the colon. */
  epoch: '[A-Za-z0-9]{1,32}',
  /** That of another topic. */
  epoch2: '[A-Za-z0-9]{1,32}',
  /** An open event. */
  id: '[A-Za-z0-9_.-]{1,128}',
  /** The secret of its owner. */
  key: '[A-Za-z0-9-]{1,128}',
  /** ISO 8601, as all timestamps. */
  time: '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z',
  /** Words of the JavaScript engine. */
  text: '(?:[^"\\\\]|\\\\.)*',
};
/** A number in place of this text. */
const NUMBER = '{number}';
const PLACEHOLDER = /\{(epoch|epoch2|id|key|time|text)\}/;
/** Placeholders that stand for one value throughout an exchange. */
const CONSTANT = ['epoch', 'epoch2', 'id', 'key'];
/** In what is sent, `{x*100}` is a hundred times x. */
const REPEAT = /\{x\*(\d+)\}/g;

/** Values of the placeholders that were seen in an exchange: an epoch, an id or a key stays the same. */
export type Bound = Map<string, string>;

/** A text of what is sent: known placeholders have their values. */
export function fill(template: string, bound: Bound): string {
  return template
    .replace(REPEAT, (_, count: string) => 'x'.repeat(Number(count)))
    .replace(/\{(?:epoch2?|id|key)\}/g, (name) => bound.get(name.slice(1, -1)) ?? name);
}

/**
 * Compares a text with its template, byte by byte but for the placeholders.
 * @returns false where they differ; otherwise what the placeholders stand for is kept in `bound`
 */
export function matches(template: string, text: string, bound: Bound): boolean {
  const names: string[] = [];
  const pattern = template
    .split(new RegExp(`(${PLACEHOLDER.source}|"${NUMBER}")`))
    .filter((_, index) => index % 3 !== 2) // the inner group
    .map((part) => {
      if (part === `"${NUMBER}"`) return '-?\\d+(?:\\.\\d+)?';
      const [, name] = PLACEHOLDER.exec(part) ?? [];
      if (name === undefined || part !== `{${name}}`) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(name);
      return `(${KINDS[name]})`;
    })
    .join('');
  const found = new RegExp(`^${pattern}$`, 's').exec(text);
  if (found === null) return false;
  const seen = new Map(bound);
  for (const [index, name] of names.entries()) {
    const value = found[index + 1] ?? '';
    if (!CONSTANT.includes(name)) continue;
    if ((seen.get(name) ?? value) !== value) return false;
    seen.set(name, value);
  }
  for (const [name, value] of seen) bound.set(name, value);
  return true;
}

/** The same value with one leaf changed, once for each leaf: what a control compares with. */
export function* withOneChange(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      for (const changed of withOneChange(item)) yield value.with(index, changed);
    yield [...value, 'more'];
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const changed of withOneChange(item)) yield { ...value, [key]: changed };
      const { [key]: _, ...without } = value as Record<string, unknown>;
      yield without;
    }
  } else yield typeof value === 'string' ? `${value}!` : 'changed';
}
