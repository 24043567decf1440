import { type ReactNode, useEffect, useRef } from 'react';
import { countUpTo, rowOf } from '../model/log.ts';
import type { Message } from '../model/scene.ts';
import { wayOf } from './edges.ts';
import { bow, PLACES, pointOn } from './geometry.ts';

const TRAVEL_MS = 1100;
const STEPS = 16;
/** More at once would be a blur. */
const MOST = 24;
const SVG = 'http://www.w3.org/2000/svg';

interface PulsesProps {
  messages: readonly Message[];
  /** True if the page is level with the server: what a catch-up brings was said before. */
  isLevel: boolean;
}

/**
 * One pulse for each message that is new, along the edge it took. They live for a second and nothing depends on
 * them, so they are drawn past React.
 */
export function Pulses({ messages, isLevel }: PulsesProps): ReactNode {
  const layer = useRef<SVGGElement>(null);
  const shown = useRef<number | null>(null);
  useEffect(() => {
    const before = shown.current;
    const last = messages.at(-1);
    shown.current = isLevel ? (last?.row ?? -1) : null;
    if (before === null || !last || last.row <= before || !layer.current) return;
    if (matchMedia(REDUCED_MOTION).matches || document.hidden) return;
    const fresh = messages.slice(countUpTo(messages, before, rowOf)).slice(-MOST);
    // A jump along the timeline is no conversation.
    if (last.clock - (fresh[0]?.clock ?? 0) > 30_000) return;
    for (const message of fresh) travel(layer.current, message);
  }, [messages, isLevel]);
  return <g ref={layer} className="pulses" />;
}

function travel(layer: SVGGElement, message: Message): void {
  const way = wayOf(message);
  if (!way || layer.childElementCount >= MOST) return;
  const [from, to] = way.split(' ') as [keyof typeof PLACES, keyof typeof PLACES];
  const path = bow(PLACES[from], PLACES[to]);
  const pulse = document.createElementNS(SVG, 'circle');
  pulse.setAttribute('class', 'pulse');
  pulse.setAttribute('r', '6');
  pulse.dataset['agent'] = from;
  pulse.dataset['edge'] = way;
  layer.append(pulse);
  const frames = Array.from({ length: STEPS + 1 }, (_, step) => {
    const { x, y } = pointOn(path, step / STEPS);
    const atEnd = step === 0 || step === STEPS;
    return { transform: `translate(${x}px, ${y}px) scale(${atEnd ? 0.4 : 1})`, opacity: atEnd ? 0 : 1 };
  });
  const animation = pulse.animate(frames, { duration: TRAVEL_MS, easing: 'cubic-bezier(.45,.05,.35,1)' });
  animation.finished.finally(() => pulse.remove()).catch(() => {});
}

/** The media query of people who asked their system for less motion. */
const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';
