import { memo, type ReactNode } from 'react';
import { nameOf } from '../model/archetypes.ts';
import { textAt } from '../model/fields.ts';
import { clockTime, fullTime } from '../model/format.ts';
import type { Message } from '../model/scene.ts';
import { Glyph } from '../shell/glyph.tsx';
import { LongText } from './long-text.tsx';
import { Sentiment } from './sentiment.tsx';

/** Row for a message of an agent. */
export const MessageRow = memo(function MessageRow({ entry }: { entry: Message }): ReactNode {
  const { data, timestamp } = entry.event;
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
        <time dateTime={timestamp} title={fullTime(entry.at)}>
          {clockTime(entry.at)}
        </time>
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
