import { useCallback, useEffect, useState } from 'react';
import type { EventsClient } from '../../client/index.ts';
import type { SimulationCatalog } from '../../simulation/index.ts';
import { useConnection, useEventsClient } from '../events.ts';
import { askUntilTold, codeOf } from './asking.ts';
import { useTopic } from './url-state.ts';

/** Rights to answer in a topic, asked for once: they are the session's, and a page that signs in begins anew. */
const rights = new Map<string, Promise<boolean>>();

/**
 * Tells if the viewer may answer questions of a topic. Rights are looked at before a question is looked for, so an answer
 * to a question that there is not tells it.
 */
function mayAnswer(client: EventsClient<SimulationCatalog>, topic: string | undefined): Promise<boolean> {
  const key = topic ?? '';
  let may = rights.get(key);
  if (!may) {
    may = client.answer('agent_question', 'none', { choice: 'none' }, { topic }).then(
      () => true,
      (error: unknown) => {
        const code = codeOf(error);
        if (code === 'NOT_OPEN') return true;
        if (code === 'FORBIDDEN') return false;
        rights.delete(key); // it was not told
        throw error;
      },
    );
    rights.set(key, may);
  }
  return may;
}

export interface Answering {
  /** False while that is not known. */
  readonly allowed: boolean;
  /** The answer that is on its way. */
  readonly pending: string | null;
  /** Why the last one was not taken, or null. Somebody else's answer, which came first, is no error: the question shows it. */
  readonly error: string | null;
  answer(choice: string): void;
}

/** Answers to a question. @param isOpen nothing is asked of the server for one that is settled */
export function useAnswering(id: string, isOpen: boolean): Answering {
  const topic = useTopic();
  const getClient = useEventsClient();
  const { status } = useConnection();
  const [allowed, setAllowed] = useState(false);
  const [pending, setPending] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    if (!isOpen || status !== 'live') return;
    return askUntilTold(() => mayAnswer(getClient(), topic), setAllowed);
  }, [isOpen, status, topic, getClient]);

  const answer = useCallback(
    (choice: string) => {
      setPending(choice);
      setError(null);
      getClient()
        .answer('agent_question', id, { choice }, { topic })
        .catch((cause: unknown) => {
          if (codeOf(cause) === 'ALREADY_SETTLED') return;
          setError(cause instanceof Error ? cause.message : String(cause));
        })
        .finally(() => setPending(null));
    },
    [id, topic, getClient],
  );
  return { allowed, pending, error, answer };
}
