import { type CSSProperties, memo, type ReactNode } from 'react';
import { textAt } from '../events.ts';
import { nameOf } from '../model/archetypes.ts';
import { clockTime, fullTime, signed } from '../model/format.ts';
import type { Entry } from '../model/log.ts';
import type { Message } from '../model/scene.ts';
import type { Speaking } from '../model/speaking.ts';
import { Glyph } from '../shell/glyph.tsx';
import { LongText } from './long-text.tsx';

/** Row for a message of an agent. */
export const MessageRow = memo(function MessageRow({ entry }: { entry: Message }): ReactNode {
  const { data } = entry.event;
  const { agent_id, agent_type, message, sentiment, metadata } = data;
  const to = textAt(metadata, 'to');
  const mode = textAt(metadata, 'mode') === 'emergency' ? 'emergency' : 'normal';
  return (
    <div className="message" data-agent={agent_id} data-mode={mode}>
      <Glyph agent={agent_id} />
      <header className="message-head">
        <strong className="speaker">{agent_type}</strong>
        {to !== null && (
          <span className="listener">
            <span aria-hidden="true">→</span>
            <span className="hidden">to</span> {nameOf(to)}
          </span>
        )}
        <Published entry={entry} />
      </header>
      <LongText text={message} />
      <footer className="message-foot">
        <Sentiment score={sentiment.score} label={sentiment.label} />
        <span className="badge" data-mode={mode}>
          {mode}
        </span>
      </footer>
    </div>
  );
});

/** When an event was published, and by whom if that is known. */
export function Published({ entry: { event, at } }: { entry: Entry }): ReactNode {
  return (
    <span className="published">
      {event.by !== undefined && (
        <span className="publisher" title={`Published by ${event.by}`} dir="auto">
          by {event.by}
        </span>
      )}
      <time dateTime={event.timestamp} title={fullTime(at)}>
        {clockTime(at)}
      </time>
    </span>
  );
}

/** Row for words that an agent is about to say, as far as they have come: it looks like the message that it becomes. */
export function SpeakingRow({ speaking: { agent, name, to, text } }: { speaking: Speaking }): ReactNode {
  return (
    <div className="message speaking" data-agent={agent}>
      <Glyph agent={agent} />
      <header className="message-head">
        <strong className="speaker">{name}</strong>
        <span className="listener">
          <span aria-hidden="true">→</span>
          <span className="hidden">to</span> {nameOf(to)}
        </span>
        <span className="now">now</span>
      </header>
      <LongText text={text} />
      <footer className="message-foot">is speaking</footer>
    </div>
  );
}

interface SentimentProps {
  score: number;
  label: string;
}

/** A small scale from −1 to 1, the number and the word. */
function Sentiment({ score, label }: SentimentProps): ReactNode {
  const half = 50 * Math.min(1, Math.abs(score));
  const bar = { left: `${score < 0 ? 50 - half : 50}%`, width: `${half}%` } satisfies CSSProperties;
  return (
    <span className="sentiment" data-label={label}>
      <span className="sentiment-scale" aria-hidden="true">
        <span className="sentiment-bar" style={bar} />
      </span>
      <span className="sentiment-score">{signed(score)}</span> <span>{label}</span>
    </span>
  );
}
