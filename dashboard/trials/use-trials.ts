import { useEffect, useRef, useState } from 'react';
import { useConnection, useEventsClient } from '../events.ts';
import { plural } from '../model/format.ts';
import { askUntilTold } from '../state/asking.ts';
import { calls } from '../state/calls.ts';
import { useMoment } from '../state/moment/moment.ts';
import { useTopic } from '../state/url-state.ts';
import { useSchema } from '../state/use-schema.ts';
import { cutLine } from './line.ts';
import { newestPlace, readSlowly } from './slow-reader.ts';

/** Time for which each lasts, ms. */
const CUT_MS = 5_000;
const SLOW_MS = 10_000;
/** Pause of the slow reader after each event, ms. */
const PAUSE_MS = 2_000;

export type TrialName = 'cut' | 'slow' | 'lose';

export interface Trials {
  /** The one that is under way. */
  readonly running: TrialName | null;
  /** A line on the one that is under way, or on the last one. */
  readonly words: string;
  /** True if the log of this server may be lost. */
  readonly canLose: boolean;
  start(name: TrialName): void;
}

/** Things that go wrong, on purpose: so that a visitor sees what the page makes of them. */
export function useTrials(): Trials {
  const client = useEventsClient();
  const topic = useTopic();
  const schema = useSchema();
  const { status } = useConnection();
  const { log } = useMoment();
  const [running, setRunning] = useState<TrialName | null>(null);
  const [words, setWords] = useState('');
  const [canLose, setCanLose] = useState(false);
  const newest = useRef<string | undefined>(undefined);
  newest.current = newestPlace(log.entries);
  const left = useRef(new AbortController());

  useEffect(() => {
    const mounted = new AbortController();
    left.current = mounted;
    return () => mounted.abort();
  }, []);

  useEffect(() => {
    // Where there is no simulation there are no trials to ask for.
    if (status !== 'live' || !schema?.drawn.has('simulation_state')) return;
    return askUntilTold(
      (signal) => calls.simulation.mayLoseLog.query(undefined, { signal }),
      setCanLose,
      () => setCanLose(false), // a server without the controls of a simulation
    );
  }, [schema, status]);

  const trials: Record<TrialName, () => Promise<string>> = {
    async cut() {
      setWords('Cut off for five seconds: the agents go on.');
      await cutLine(CUT_MS);
      return 'The line is mended. What was said meanwhile comes now: each event once, in order.';
    },
    async slow() {
      const { read, lost } = await readSlowly({
        client: client(),
        topic,
        pauseMs: PAUSE_MS,
        slowMs: SLOW_MS,
        newest: () => newest.current,
        signal: left.current.signal,
        onRead: ({ read }) =>
          setWords(
            `A second reader takes one event in two seconds: ${read} so far. The others wait in the log.`,
          ),
      });
      const missed =
        lost === 0 ? 'none was lost' : `${plural(lost, 'event was', 'events were')} lost, and it was told so`;
      return `The slow reader has caught up with the page: ${plural(read, 'event')} in all, ${missed}.`;
    },
    async lose() {
      await calls.simulation.loseLog.mutate({ topic });
      return 'The log is gone. The page was told, keeps what it has, and marks the place in the conversation.';
    },
  };

  return {
    running,
    words,
    canLose,
    start(name) {
      setRunning(name);
      trials[name]()
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
        .then((last) => {
          setWords(last);
          setRunning(null);
        });
    },
  };
}
