import { hasMethods } from '../../shared/options/has-methods.ts';

/**
 * @param of the function, for the error
 * @throws TypeError where no procedure is given that others can be built on, such as a router, or one that is finished
 */
export function requireProcedure(of: string, base: unknown): void {
  if (hasMethods(base, 'input', 'use')) return;
  throw new TypeError(`${of}: pass a procedure to build on, such as t.procedure; options come third`);
}
