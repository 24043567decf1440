/** Runs that are remembered, of a client. */
const MAX_RUNS = 1000;

/** Runs whose answers were being written when a client loaded their chats. */
const runsOf = new WeakMap<object, Set<string>>();

/** Notes that a client has loaded a chat without an answer, since it was being written; or with it. */
export function noteLeftOut(client: object, run: string, isLeftOut: boolean): void {
  const runs = runsOf.get(client) ?? new Set();
  runs.delete(run);
  if (!isLeftOut) return;
  runsOf.set(client, runs.add(run));
  const [oldest = ''] = runs;
  if (runs.size > MAX_RUNS) runs.delete(oldest);
}

/** Tells if an answer is not among the messages that a client has loaded, although it may have ended since. */
export function wasLeftOut(client: object, run: string): boolean {
  return runsOf.get(client)?.has(run) === true;
}
