import { memo, type ReactNode } from 'react';
import { type ArchetypeId, nameOf } from '../model/archetypes.ts';
import { shortCount } from '../model/format.ts';
import { Sign } from '../shell/glyph.tsx';
import { LABELS, NODE_RADIUS, PLACES } from './geometry.ts';

interface NodeProps {
  agent: ArchetypeId;
  sent: number;
  received: number;
  isSpeaking: boolean;
  isSelected: boolean;
  onSelect: (agent: ArchetypeId) => void;
}

/** An agent; its name and figures are what the button is called. Selecting it shows only what it says. */
export const Node = memo(function Node(props: NodeProps): ReactNode {
  const { agent, sent, received, isSpeaking, isSelected, onSelect } = props;
  const { x, y } = PLACES[agent];
  const label = LABELS[agent];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing has no buttons of its own
    <g
      className="node"
      role="button"
      tabIndex={0}
      data-agent={agent}
      data-speaking={isSpeaking}
      aria-pressed={isSelected}
      transform={`translate(${x} ${y})`}
      onClick={() => onSelect(agent)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onSelect(agent);
      }}
    >
      <circle className="node-halo" r={NODE_RADIUS + 7} />
      <circle className="node-disc" r={NODE_RADIUS} />
      <g className="node-sign" transform="translate(-18 -18) scale(1.5)">
        <Sign agent={agent} />
      </g>
      <text className="node-name" x={label.x} y={label.y}>
        {nameOf(agent)}
      </text>
      <text className="node-figures" x={label.x} y={label.y + 20}>
        {shortCount(sent)} out · {shortCount(received)} in
      </text>
    </g>
  );
});
