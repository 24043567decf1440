import { memo, type ReactNode } from 'react';
import type { Edge } from './edges.ts';
import { bow, directionOn, PLACES, pathData, pointOn } from './geometry.ts';

const THINNEST = 1.3;
const THICKEST = 8;

/** One direction of a path. Emergency paths are there only while they are open. */
export const EdgeLine = memo(
  function EdgeLine({ edge }: { edge: Edge }): ReactNode {
    const { from, to, type, share, isActive, isRecent } = edge;
    const path = bow(PLACES[from], PLACES[to]);
    // A root: the first few messages make a difference that is seen.
    const width = THINNEST + (THICKEST - THINNEST) * Math.sqrt(share);
    const tip = pointOn(path, 0.62);
    return (
      <g
        className="edge"
        data-agent={from}
        data-type={type}
        data-active={isActive}
        data-recent={isRecent}
        data-edge={edge.way}
      >
        <path className="edge-line" d={pathData(path)} strokeWidth={width} />
        <path
          className="edge-tip"
          d="M-4 -4 4 0 -4 4Z"
          transform={`translate(${tip.x} ${tip.y}) rotate(${directionOn(path, 0.62)}) scale(${0.8 + width / 10})`}
        />
      </g>
    );
  },
  ({ edge: a }, { edge: b }) =>
    a.key === b.key &&
    a.type === b.type &&
    a.share === b.share &&
    a.isActive === b.isActive &&
    a.isRecent === b.isRecent,
);
