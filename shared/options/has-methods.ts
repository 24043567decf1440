/** Tells if a value has methods: what a caller without types passed may be anything. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  return names.every((name) => typeof Reflect.get(Object(value), name) === 'function');
}
