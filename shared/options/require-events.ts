/** @param of the function, for the error. @throws TypeError where a batch is no list of events */
export function requireEvents(of: string, events: unknown): void {
  if (Array.isArray(events)) return;
  throw new TypeError(`${of}: pass a list of events, such as [{ event_type, data }]`);
}
