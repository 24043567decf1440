import { isRecord } from '../wire/shapes.ts';

/** @param of the function, for the error. @throws TypeError where a catalog is given that `defineEvents` did not make */
export function requireCatalog(of: string, catalog: unknown): void {
  if (catalog === undefined || (isRecord(catalog) && typeof catalog['has'] === 'function')) return;
  throw new TypeError(`${of}: wrap the schemas of catalog in defineEvents`);
}
