import { memo, type ReactNode } from 'react';
import type { PageEvent } from '../events.ts';
import { nameOf } from '../model/archetypes.ts';
import type { Question } from '../model/feed-items.ts';
import { clockTime, fullTime } from '../model/format.ts';
import { Glyph } from '../shell/glyph.tsx';
import { useMoment } from '../state/moment/moment.ts';
import { useAnswering } from '../state/use-answering.ts';
import { LongText } from './long-text.tsx';

/** Row for a question to whoever watches: its choices are buttons for those who may answer, until somebody has. */
export const QuestionRow = memo(function QuestionRow({ entry }: { entry: Question }): ReactNode {
  const { event, at } = entry;
  const { data, open, answer: given } = event;
  const { live } = useMoment();
  const isOpen = live && open?.state === 'open';
  const { allowed, pending, error, answer } = useAnswering(open?.id ?? '', isOpen);
  const name = nameOf(data.agent_id);
  const hasButtons = given !== undefined || (isOpen && allowed);
  return (
    <div className="message question" data-agent={data.agent_id} data-state={open?.state}>
      <Glyph agent={data.agent_id} />
      <header className="message-head">
        <strong className="speaker">{name}</strong>
        <span className="listener">
          <span aria-hidden="true">→</span>
          <span className="hidden">to</span> whoever watches
        </span>
        <span className="published">
          <time dateTime={event.timestamp} title={fullTime(at)}>
            {clockTime(at)}
          </time>
        </span>
      </header>
      <LongText text={data.question} />
      {hasButtons && (
        <fieldset className="choices" disabled={!isOpen || pending !== null}>
          <legend className="hidden">Answer {name}</legend>
          {[...new Set(data.choices)].map((choice) => (
            <button
              key={choice}
              type="button"
              className="button small"
              dir="auto"
              aria-pressed={given === undefined ? undefined : given.choice === choice}
              aria-busy={pending === choice}
              onClick={() => answer(choice)}
            >
              {choice}
            </button>
          ))}
        </fieldset>
      )}
      <footer className="message-foot">{stateOf(event, hasButtons)}</footer>
      {error !== null && (
        <p className="problem" role="alert">
          {error}
        </p>
      )}
    </div>
  );
});

function stateOf({ data, open, answer, by }: PageEvent<'agent_question'>, hasButtons: boolean): ReactNode {
  if (answer !== undefined) {
    return (
      <span dir="auto">
        {by ?? 'Somebody'} answered: <b>{answer.choice}</b>
      </span>
    );
  }
  if (open?.state === 'open') {
    return hasButtons ? 'the first answer counts' : `waits for an answer: ${data.choices.join(' · ')}`;
  }
  return 'nobody answered';
}
