import * as z from 'zod';
import { type Broker, EventManager, MemoryBroker, type NewerVersion } from '../../server/index.ts';
import { defineEvents, versions } from '../../shared/index.ts';
import { FakeClock } from '../simulation/fake-clock.ts';

const first = z.strictObject({ message: z.string() });
const other = z.object({ n: z.number() });

/** The events of the deploy before. */
export const oldCatalog = defineEvents({ note: first, other });

/** The events of the next deploy: a note has another field. */
export const newCatalog = defineEvents({
  note: versions(first, [
    z.strictObject({ text: z.string() }),
    ({ message }) => ({ text: message }),
    ({ text }) => ({ message: text }),
  ]),
  other,
});

/** Ms for which streams wait. */
export const WAIT_MS = 30_000;

/** A broker in memory that two managers share; it counts pages that are read, and stays open. */
export class SharedBroker extends MemoryBroker {
  reads = 0;

  override read(...args: Parameters<Broker['read']>): ReturnType<Broker['read']> {
    this.reads++;
    return super.read(...args);
  }

  override async close(): Promise<void> {}
}

/** An old process and a new one with one log. The clock is that of the old one. */
export class TwoVersions implements AsyncDisposable {
  readonly broker = new SharedBroker();
  readonly clock = new FakeClock();
  readonly met: NewerVersion[] = [];
  readonly lines: string[] = [];
  readonly older = this.startOld();
  readonly newer = new EventManager({ broker: this.broker, catalog: newCatalog });

  startOld(): EventManager<typeof oldCatalog> {
    const note = (_: object, message: string) => void this.lines.push(message);
    return new EventManager({
      broker: this.broker,
      catalog: oldCatalog,
      clock: this.clock,
      lingerMs: 60_000,
      onNewerVersion: (met) => this.met.push(met),
      logger: { debug() {}, info: note, warn: note, error: note },
    });
  }

  /** Publishes notes of version 1, by a process that knows no other. */
  async publishOld(...notes: readonly string[]): Promise<void> {
    for (const message of notes) await this.older.publish('note', { message });
  }

  /** Publishes notes of version 2. @returns the cursor of the last */
  async publishNew(...notes: readonly string[]): Promise<string> {
    let cursor = '';
    for (const text of notes) ({ cursor } = await this.newer.publish('note', { text }));
    return cursor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.older.close();
    await this.newer.close();
  }
}

/** An item in short: a note's message, `gap <reason>`, `synced` or `other`. */
export function short({ event_type, data }: { event_type: string; data: unknown }): string {
  const { message, text, reason } = data as { message?: string; text?: string; reason?: string };
  if (event_type === 'stream_gap') return `gap ${reason}`;
  if (event_type === 'stream_synced') return 'synced';
  return message ?? text ?? event_type;
}
