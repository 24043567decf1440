import type { ReactNode } from 'react';
import type { ArchetypeId } from '../model/archetypes.ts';
import { isArchetype } from '../model/archetypes.ts';

/** A sign for each archetype, on a square of 24: eclipse, mask, joined rings, sun, peak. */
const SIGNS: Readonly<Record<ArchetypeId, ReactNode>> = {
  shadow: (
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 4a8 8 0 0 0 0 16 11.5 11.5 0 0 1 0-16Z" fill="currentColor" />
    </>
  ),
  persona: (
    <>
      <path d="M4.5 6.5c4.6 1.5 10.4 1.5 15 0 .8 6.3-1.7 12-7.5 13.5-5.8-1.5-8.3-7.2-7.5-13.5Z" />
      <path d="M7.6 11.2c1-.9 2.3-.9 3.2 0M13.2 11.2c1-.9 2.3-.9 3.2 0M9.6 15.4c1.5 1 3.3 1 4.8 0" />
    </>
  ),
  anima_animus: (
    <>
      <circle cx="9" cy="12" r="5.6" />
      <circle cx="15" cy="12" r="5.6" />
    </>
  ),
  self: (
    <>
      <circle cx="12" cy="12" r="4.4" />
      <circle cx="12" cy="12" r="1.2" fill="currentColor" />
      <path d="M12 2.8v2.4M12 18.8v2.4M2.8 12h2.4M18.8 12h2.4M5.5 5.5l1.7 1.7M16.8 16.8l1.7 1.7M18.5 5.5l-1.7 1.7M7.2 16.8l-1.7 1.7" />
    </>
  ),
  ego: (
    <>
      <path d="M12 4.2 20.3 19H3.7Z" />
      <circle cx="12" cy="14.2" r="1.9" fill="currentColor" />
    </>
  ),
};

/** The paths alone, to be placed in a drawing. */
export function Sign({ agent }: { agent: string }): ReactNode {
  if (isArchetype(agent)) return SIGNS[agent];
  return (
    <text x="12" y="16.5" className="sign-letter" textAnchor="middle">
      {[...agent][0]?.toUpperCase() ?? '?'}
    </text>
  );
}

/** An agent's sign in its colour. Decoration: its name stands beside it. */
export function Glyph({ agent }: { agent: string }): ReactNode {
  return (
    <svg className="glyph" data-agent={agent} viewBox="0 0 24 24" aria-hidden="true">
      <Sign agent={agent} />
    </svg>
  );
}
