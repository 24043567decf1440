/** Peers of the package that its commands need. npm installs them by itself, unless it is told not to. */
const PEERS = ['@trpc/client', '@trpc/server'];

/** The words for an error that is a package's absence, with the line that installs it; undefined for other errors. */
export function missingPackage(error: unknown): string | undefined {
  if (Reflect.get(Object(error), 'code') !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const [, name = ''] =
    /^Cannot find package '([^']+)'/.exec(String(Reflect.get(Object(error), 'message'))) ?? [];
  return PEERS.includes(name) ? `${name} is not installed. Run: npm install ${PEERS.join(' ')}` : undefined;
}
