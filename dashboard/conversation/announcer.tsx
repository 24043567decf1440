import { type ReactNode, useEffect, useRef, useState } from 'react';
import { textAt, useConnection } from '../events.ts';
import { nameOf } from '../model/archetypes.ts';
import { plural, shortened } from '../model/format.ts';
import { countUpTo, rowOf } from '../model/log.ts';
import { useMoment } from '../state/moment/moment.ts';

const QUIET_MS = 3000;
/** Characters of a text that are read out. */
const LONGEST = 300;

/** A polite voice for what is new, once in three seconds at most, and for the connection. */
export function Announcer(): ReactNode {
  const { status } = useConnection();
  const { log, live } = useMoment();
  const [said, setSaid] = useState('');
  const heard = useRef<number | null>(null);
  const asked = useRef<number | null>(null);
  const latest = useRef(log);
  useEffect(() => {
    latest.current = log;
    if (heard.current === null && log.status === 'live') {
      heard.current = log.entries.at(-1)?.row ?? -1;
      asked.current = heard.current;
    }
  }, [log]);

  useEffect(() => {
    if (status !== 'connecting') setSaid(status === 'live' ? 'Connected.' : `Connection: ${status}.`);
  }, [status]);

  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => {
      const { agent_message: messages, agent_question: questions } = latest.current.byType;
      // One at a time: of those that wait, the oldest that was not told.
      const question = questions.find(
        ({ row, event }) => asked.current !== null && row > asked.current && event.open?.state === 'open',
      );
      if (question) {
        asked.current = question.row;
        const { agent_id, question: words } = question.event.data;
        return setSaid(`${nameOf(agent_id)} asks you: ${shortened(words, LONGEST)}`);
      }
      const last = messages.at(-1);
      if (!last || heard.current === null || last.row <= heard.current) return;
      const more = messages.length - countUpTo(messages, heard.current, rowOf) - 1;
      heard.current = last.row;
      const { agent_type, message, metadata } = last.event.data;
      const to = textAt(metadata, 'to');
      setSaid(
        `${more > 0 ? `${plural(more, 'more message')}. ` : ''}${agent_type}${to ? ` to ${nameOf(to)}` : ''}: ${shortened(message, LONGEST)}`,
      );
    }, QUIET_MS);
    return () => clearInterval(timer);
  }, [live]);

  return (
    <div className="hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
