import { type Asker, HeldRecords, unhurried } from './asker.ts';
import { ReadSteps, type Reads } from './steps.ts';
import { pageTurns, readTurns } from './turns.ts';

/** All that one process reads of logs: in turns, step by step, and pages, which are held until they are sent. */
export class ProcessReads {
  readonly turns = readTurns();
  readonly held = new HeldRecords();
  readonly #pages = pageTurns();

  /** Reads for an asker. */
  of(asker: Asker): Reads {
    return { turns: this.turns, asker, held: this.held };
  }

  /** Steps of a read that is not sent until it is whole. */
  steps(asker: Asker): ReadSteps {
    return new ReadSteps(this.of(unhurried(asker)));
  }

  /** A page, in its asker's turn. @throws EventsError OVERLOADED; and what `read` throws */
  page<P>(asker: Asker, read: (steps: ReadSteps) => Promise<{ page: P; chars: number }>): Promise<P> {
    return this.#pages.run(asker, async () => {
      asker.admitAnswer();
      const { page, chars } = await read(this.steps(asker));
      asker.answered(chars);
      return page;
    });
  }
}
