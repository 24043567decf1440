const TYPED_ARRAYS = new Set([
  'Int8Array',
  'Uint8Array',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'Uint8ClampedArray',
]);

/** Tells if superjson knows a typed array of that name. */
export function isTypedArrayName(name: string): boolean {
  return TYPED_ARRAYS.has(name);
}

/** The name of a typed array, a Buffer being a Uint8Array; undefined for views of another kind. */
export function typedArrayName(view: ArrayBufferView): string | undefined {
  const name: unknown = Reflect.get(view, Symbol.toStringTag);
  return typeof name === 'string' && TYPED_ARRAYS.has(name) ? name : undefined;
}

/** Tells if a value is an object that is its fields and nothing else: of no class, of this realm or another. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // Another realm has an Object.prototype of its own.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}
