/** @param of the function, for the error. @throws TypeError where a catalog is given that `defineEvents` did not make */
export function requireCatalog(of: string, catalog: unknown): void {
  if (catalog === undefined) return;
  const { names, has } = Object(catalog) as { names?: unknown; has?: unknown };
  if (Array.isArray(names) && typeof has === 'function') return;
  throw new TypeError(`${of}: catalog must be made by defineEvents: wrap the schemas, defineEvents({ … })`);
}
