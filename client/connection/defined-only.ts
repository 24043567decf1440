/** Without the keys whose value is undefined: plain JSON then stays plain JSON on the wire. */
export function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}
