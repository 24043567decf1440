import type { ReactNode } from 'react';
import { nameOf } from '../model/archetypes.ts';
import type { Speaking } from '../model/scene.ts';
import { Glyph } from '../shell/glyph.tsx';
import { LongText } from './long-text.tsx';

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
