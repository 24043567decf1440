/** A line with its slots filled. A name or image that begins a sentence gets its capital. */
export function fill(line: string, slots: Readonly<Record<string, string>>): string {
  return line.replace(/([.?!] )?\{(\w+)\}/g, (_, end: string | undefined, slot: string, offset: number) => {
    const value = slots[slot];
    if (value === undefined)
      throw new TypeError(`The line ${JSON.stringify(line)} has an unknown slot {${slot}}`);
    const begins = end !== undefined || offset === 0;
    return (end ?? '') + (begins ? capitalised(value) : value);
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
