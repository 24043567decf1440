/** Messages sent and received, per agent. */
export type CommunicationStats = Record<string, { sent: number; received: number }>;

/** Counts messages by speaker and listener. */
export class CommunicationMatrix {
  readonly #agents: readonly string[];
  readonly #counts = new Map<string, Map<string, number>>();
  /** Messages counted. */
  total = 0;

  constructor(agents: readonly string[]) {
    this.#agents = agents;
    for (const from of agents) this.#counts.set(from, new Map(agents.map((to) => [to, 0])));
  }

  count(from: string, to: string): void {
    this.#counts.get(from)?.set(to, this.#get(from, to) + 1);
    this.total++;
  }

  toRecord(): Record<string, Record<string, number>> {
    const rows = this.#agents.map((from) => [
      from,
      Object.fromEntries(this.#agents.map((to) => [to, this.#get(from, to)])),
    ]);
    return Object.fromEntries(rows);
  }

  perAgent(): CommunicationStats {
    const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
    const rows = this.#agents.map((agent) => [
      agent,
      {
        sent: sum(this.#agents.map((to) => this.#get(agent, to))),
        received: sum(this.#agents.map((from) => this.#get(from, agent))),
      },
    ]);
    return Object.fromEntries(rows);
  }

  #get(from: string, to: string): number {
    return this.#counts.get(from)?.get(to) ?? 0;
  }
}
