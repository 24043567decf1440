import { EventsError } from '../../shared/errors.ts';
import { type HandleOptions, openHandle } from '../../shared/open/handles.ts';
import type { BegunKind, SettledState } from '../../shared/open/open-part.ts';
import type { FakeClock } from '../simulation/fake-clock.ts';

/** Calls of a handle, in order, and how they are answered. */
export class HandleServer {
  readonly calls: unknown[] = [];
  text = '';
  open = true;
  state: SettledState | undefined;
  refuse: EventsError | undefined;
  /** Ends a call after it was made: its answer is lost. */
  lose: EventsError | undefined;
  readonly made = {
    append: async (at: number, text: string) => {
      this.calls.push(['append', at, text]);
      if (this.refuse) throw this.refuse;
      // As a server does: at the end it is applied, and a piece that is there already is taken for that [O4].
      if (at === this.text.length) this.text += text;
      else if (this.text.slice(at, at + text.length) !== text) throw new EventsError('CONFLICT', 'no');
      if (this.lose) throw this.lose;
      return { length: this.text.length };
    },
    update: async (data: unknown) => this.calls.push(['update', data]),
    touch: async () => {
      this.calls.push(['touch']);
      return this.open;
    },
    settle: async (state: SettledState, reason: string | undefined) => {
      this.calls.push(reason === undefined ? ['settle', state] : ['settle', state, reason]);
      if (this.state) {
        const settled = { id: 'x', state: this.state, cursor: 'e:2' } as const;
        throw new EventsError('ALREADY_SETTLED', 'no', { settled });
      }
      if (this.lose) {
        this.state = state;
        throw this.lose;
      }
      return { cursor: 'e:2' };
    },
  } satisfies HandleOptions['calls'];

  /** A handle whose calls come here. */
  begun(kind: BegunKind, clock: FakeClock, more: Partial<HandleOptions> = {}) {
    const answer = { cursor: 'e:1', id: 'x', key: 'k', resumed: false, length: 0 };
    return openHandle({ kind, begun: answer, leaseMs: 10_000, calls: this.made, clock, ...more });
  }
}
