/** A number of a free record such as `metadata`, or null. */
export function numberAt(record: Readonly<Record<string, unknown>> | undefined, key: string): number | null {
  const value = record?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A text of a free record such as `metadata`, or null. */
export function textAt(record: Readonly<Record<string, unknown>> | undefined, key: string): string | null {
  const value = record?.[key];
  return typeof value === 'string' && value !== '' ? value : null;
}
