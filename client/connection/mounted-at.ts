/** Keys of routers joined by dots. An address has no place for the other characters. */
const PATH = /^[^\s./?#%]+(?:\.[^\s./?#%]+)*$/;

/**
 * The full path of each procedure of a router that is mounted at a path; its own when the events are at the top.
 * @throws TypeError when it is no such path
 */
export function mountedAt(mount: string | undefined): (procedure: string) => string {
  if (mount === undefined || mount === '') return (procedure) => procedure;
  if (!PATH.test(mount)) {
    throw new TypeError(
      `path is the key of the events in your router, "events", or several with dots, "a.events"; not ${JSON.stringify(mount)}`,
    );
  }
  return (procedure) => `${mount}.${procedure}`;
}
