/** Output of the applications' `receive` when all is well. */
export const RECEIVED = 'received 1970-01-01T00:00:00.000Z 18446744073709551616 8, and 30 of 30';

/** Output of `follow` then. */
export const FOLLOWED = 'published, followed, resumed and read';

/** Output of the application `commonjs`. */
export const BUNDLED = 'received 1970-01-01T00:00:00.000Z 18446744073709551616 8\n';

/** Last line of `service.ts`. */
export const WHOLE = 'received 7 from a whole server';

/** The files of `applications/common` that are a whole service. */
export const SERVICE = ['router.ts', 'receive.ts', 'follow.ts', 'service.ts'];

/** Installs take their time, on a machine that has more to do. */
export const PATIENCE_MS = 300_000;
