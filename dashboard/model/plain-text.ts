/** Any data as JSON: what JSON does not have is written as it reads. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => plainPart(part)) ?? 'undefined';
}

/** Maps and Sets as lists, a bigint as text; everything else as it is. */
export function plainPart(part: unknown): unknown {
  if (typeof part === 'bigint') return `${part}`;
  if (part instanceof Map || part instanceof Set) return [...part];
  return part;
}
