/** A piece of the stand-in's reply. `ends` closes its part: a text, or the arguments of the tool call. */
export type Step =
  | { kind: 'text' | 'args'; piece: string; ends?: boolean }
  | { kind: 'result'; piece: string; ends?: boolean };

/** The one tool that it calls. */
export const TOOL = 'brew';

/** The whole reply: a text, a tool call with its result, and another text. */
export const SCRIPT: readonly Step[] = [
  { kind: 'text', piece: 'Let ' },
  { kind: 'text', piece: 'me ' },
  { kind: 'text', piece: 'see.', ends: true },
  { kind: 'args', piece: '{"tea":"green",' },
  { kind: 'args', piece: '"cups":' },
  { kind: 'args', piece: '2}', ends: true },
  { kind: 'result', piece: 'two cups' },
  { kind: 'text', piece: 'Here ' },
  { kind: 'text', piece: 'you ' },
  { kind: 'text', piece: 'are.', ends: true },
];

/** Steps after which its first text is half told, and after which the tool's arguments are. */
export const MID_TOKEN = 2;
export const MID_TOOL_CALL = 5;
export const ALL = SCRIPT.length;

/** A part of a reply in a page, in no dialect. */
export type ShownPart = { text: string } | { args: string } | { result: string };

/** A reply as text. A tool's arguments that are not complete are left out: dialects mend them in ways of their own. */
export function written(parts: readonly ShownPart[]): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      if ('result' in part) return `=${part.result}`;
      return `${TOOL}(${isJson(part.args) ? part.args : '…'})`;
    })
    .filter((text) => text !== '')
    .join('|');
}

/** A page's reply, {@link written}, when it shows the first `steps` steps. */
export function writtenAfter(steps: number): string {
  const parts: ShownPart[] = [];
  let isOpen = false;
  for (const { kind, piece, ends = false } of SCRIPT.slice(0, steps)) {
    const last = parts.at(-1);
    if (kind === 'result') parts.push({ result: piece });
    else if (isOpen && last !== undefined && 'text' in last) last.text += piece;
    else if (isOpen && last !== undefined && 'args' in last) last.args += piece;
    else parts.push(kind === 'text' ? { text: piece } : { args: piece });
    isOpen = kind !== 'result' && !ends;
  }
  return written(parts);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
