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

/** Whether superjson knows a typed array of that name. */
export function isTypedArrayName(name: string): boolean {
  return TYPED_ARRAYS.has(name);
}

/** The name of a typed array, a Buffer being a Uint8Array; undefined for views of another kind. */
export function typedArrayName(view: ArrayBufferView): string | undefined {
  const name: unknown = Reflect.get(view, Symbol.toStringTag);
  return typeof name === 'string' && TYPED_ARRAYS.has(name) ? name : undefined;
}

/** Whether a value is an object of fields: one of no class. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
