/** A line with its slots filled. A name or image that begins a sentence gets its capital. */
export function fill(line: string, slots: Readonly<Record<string, string>>): string {
  return line.replace(/(^|[.?!:] )?\{(\w+)\}/g, (_, before: string | undefined, slot: string) => {
    const value = slots[slot];
    if (value === undefined)
      throw new TypeError(`The line ${JSON.stringify(line)} has an unknown slot {${slot}}`);
    return before === undefined || before === ': ' ? `${before ?? ''}${value}` : before + capitalised(value);
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
