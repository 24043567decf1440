/** A key that nobody else has or can tell: 128 random bits. `crypto.randomUUID` is missing on pages without TLS. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
