import { TRPCClientError } from '@trpc/client';
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from 'react';
import type { SimulationState } from '../../simulation/index.ts';
import { useConnection } from '../events.ts';
import { AGAIN_MS, isPassing } from './asking.ts';
import { calls } from './calls.ts';
import { useMoment } from './moment/moment.ts';
import { useTopic } from './url-state.ts';
import { useSchema } from './use-schema.ts';

export type SimulationAction =
  | { name: 'start' | 'pause' | 'step' }
  | { name: 'setSpeed'; speed: number }
  | { name: 'reset'; seed: number | undefined }
  | { name: 'inject'; text: string };

export interface SimulationControl {
  /** True if the server runs a simulation on this topic; null while it is not known. */
  readonly served: boolean | null;
  /** Its state now, whatever moment the page shows. */
  readonly state: SimulationState | null;
  /** The command that is under way. */
  readonly pending: SimulationAction['name'] | null;
  /** Why the last one failed, or null. */
  readonly error: string | null;
  /** Resolves with whether it was done; never rejects. */
  run(action: SimulationAction): Promise<boolean>;
}

/** The simulation's name of the topic that nobody named. */
const DEFAULT_TOPIC = 'default';

const SimulationContext = createContext<SimulationControl | null>(null);

export function useSimulation(): SimulationControl {
  const control = use(SimulationContext);
  if (!control) throw new TypeError('useSimulation needs a <SimulationProvider> above it.');
  return control;
}

/** The simulation of the page's topic: whether there is one, how it is, and what can be done with it. */
export function SimulationProvider({ children }: { children: ReactNode }): ReactNode {
  const topic = useTopic();
  const { status } = useConnection();
  const schema = useSchema();
  const { log } = useMoment();
  const [served, setServed] = useState<boolean | null>(null);
  const [answered, setAnswered] = useState<SimulationState | null>(null);
  const [pending, setPending] = useState<SimulationAction['name'] | null>(null);
  const [error, setError] = useState<string | null>(null);
  /** The last reply of the server: whether that was a failure that passes, and the last state that had been told before. */
  const [reply, setReply] = useState<{ isPassing: boolean; heard: number | undefined } | null>(null);
  const [round, askAgain] = useReducer((number: number) => number + 1, 0);

  const told = log.byType.simulation_state.at(-1);
  const latest = useRef<number | undefined>(undefined);
  useEffect(() => {
    latest.current = told?.row;
  }, [told]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks once more
  useEffect(() => {
    if (status !== 'live' || schema === undefined) return;
    // Without its events there is no simulation to ask for.
    if (schema && !schema.drawn.has('simulation_state')) return setServed(false);
    const abort = new AbortController();
    const heard = latest.current;
    calls.simulation.list.query(undefined, { signal: abort.signal }).then(
      (all) => {
        const found = all.find((each) => each.topic === (topic ?? DEFAULT_TOPIC));
        setServed(found !== undefined);
        setAnswered(found ?? null);
        setReply({ isPassing: false, heard });
      },
      (cause) => {
        if (abort.signal.aborted) return;
        setServed(isAbsence(cause) ? false : null);
        setReply({ isPassing: isPassing(cause), heard });
      },
    );
    return () => abort.abort();
  }, [topic, status, schema, round]);

  const isHeardOf = served === false && reply?.heard !== told?.row;
  const isWorthAsking = served !== true && reply !== null && (reply.isPassing || isHeardOf);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each reply the time begins anew
  useEffect(() => {
    if (!isWorthAsking) return;
    const timer = setTimeout(askAgain, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [isWorthAsking, reply]);

  const run = useCallback(
    async (action: SimulationAction) => {
      setPending(action.name);
      setError(null);
      try {
        setAnswered(await act(topic, action));
        setServed(true);
        return true;
      } catch (cause) {
        if (isAbsence(cause)) setServed(false);
        setError(cause instanceof Error ? cause.message : String(cause));
        return false;
      } finally {
        setPending(null);
      }
    },
    [topic],
  );

  // Events come in order; the answer only says how it is until the first one.
  const state = served === true ? (told?.event.data ?? answered) : null;
  const control = useMemo(
    () => ({ served, state, pending, error, run }),
    [served, state, pending, error, run],
  );
  return <SimulationContext value={control}>{children}</SimulationContext>;
}

function act(topic: string | undefined, action: SimulationAction): Promise<SimulationState> {
  const { simulation } = calls;
  switch (action.name) {
    case 'setSpeed':
      return simulation.setSpeed.mutate({ topic, speed: action.speed });
    case 'reset':
      return simulation.reset.mutate({ topic, seed: action.seed });
    case 'inject':
      return simulation.inject.mutate({ topic, text: action.text });
    default:
      return simulation[action.name].mutate({ topic });
  }
}

/** Tells if a server says that it runs no such simulation. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return false;
  const { code, reason } = (error.data ?? {}) as { code?: string; reason?: string };
  return code === 'NOT_FOUND' || reason === 'INVALID_TOPIC';
}
