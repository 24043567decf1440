/** @param of the function, for the error. @throws TypeError where no event manager is given */
export function requireManager(of: string, manager: unknown): void {
  if (typeof manager === 'object' && manager !== null && 'catalog' in manager) return;
  throw new TypeError(
    `${of}: pass an event manager, such as new EventManager({ broker: new MemoryBroker() })`,
  );
}
