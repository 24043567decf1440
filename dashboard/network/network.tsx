import { type ReactNode, useMemo } from 'react';
import { ARCHETYPE_IDS, type ArchetypeId } from '../model/archetypes.ts';
import { EMERGENCY_OFF, EMERGENCY_ON } from '../model/health.ts';
import { Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment/moment.ts';
import { setFilters, useFilters } from '../state/url-state.ts';
import { EdgeLine } from './edge-line.tsx';
import { countMessages, edgesOf } from './edges.ts';
import { HEIGHT, WIDTH } from './geometry.ts';
import { NetworkTable } from './network-table.tsx';
import { Node } from './node.tsx';
import { Pulses } from './pulses.tsx';

import './network.css';

/** The five agents, the paths between them, and what travels there. */
export function Network(): ReactNode {
  const { scene, log } = useMoment();
  const { agents } = useFilters();
  const edges = useMemo(() => edgesOf(scene), [scene]);
  const shown = edges.filter(({ type, isActive }) => type === 'normal' || isActive);
  const stats = useMemo(
    () => scene.network?.data.communication_stats ?? countMessages(scene.messages),
    [scene],
  );
  const speaking = new Set(scene.speaking.map(({ agent }) => agent));
  return (
    <Panel title="Network" name="network" aside={<StagnationMeter value={scene.stagnation} />}>
      {/* biome-ignore lint/a11y/useSemanticElements: it groups the nodes, and is no form */}
      <svg
        className="graph"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="group"
        aria-label="Agents and the paths between them; the same as a table below"
        data-selecting={agents.length > 0}
      >
        {shown.map((edge) => (
          <EdgeLine key={edge.key} edge={edge} />
        ))}
        <Pulses messages={scene.messages} isLevel={log.status === 'live'} />
        {ARCHETYPE_IDS.map((agent) => (
          <Node
            key={agent}
            agent={agent}
            sent={stats[agent]?.sent ?? 0}
            received={stats[agent]?.received ?? 0}
            isSpeaking={speaking.has(agent)}
            isSelected={agents.includes(agent)}
            onSelect={select}
          />
        ))}
      </svg>
      <div className="network-foot">
        <p className="legend">
          <span className="legend-normal">normal path</span>
          <span className="legend-emergency" data-open={scene.mode === 'emergency'}>
            emergency path{scene.mode === 'emergency' ? '' : ', closed'}
          </span>
          <span>wider: more said lately</span>
        </p>
        <NetworkTable edges={edges} />
      </div>
    </Panel>
  );
}

/** One at a time: what a click on a picture means. */
function select(agent: ArchetypeId): void {
  setFilters(({ agents }) => ({ agents: agents.length === 1 && agents[0] === agent ? [] : [agent] }));
}

/** Meter of stagnation, with the marks where the mode changes. */
function StagnationMeter({ value }: { value: number | null }): ReactNode {
  const shown = value ?? 0;
  const level = shown > EMERGENCY_ON ? 'high' : shown > EMERGENCY_OFF ? 'middle' : 'low';
  const text = value === null ? '–' : value.toFixed(2);
  return (
    <div className="stagnation">
      <label htmlFor="stagnation">Stagnation</label>
      <meter id="stagnation" className="hidden" min={0} max={1} value={shown}>
        {text}
      </meter>
      <div className="stagnation-track" data-level={level} aria-hidden="true">
        <span className="stagnation-fill" style={{ width: `${shown * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_OFF * 100}%` }} />
        <span className="stagnation-mark" style={{ left: `${EMERGENCY_ON * 100}%` }} />
      </div>
      <b>{text}</b>
    </div>
  );
}
