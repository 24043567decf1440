import type { ReactNode } from 'react';
import { useMoment } from '../state/moment.ts';
import { Icon } from './icons.tsx';

/** The element is always there: screen readers announce what is put into it. */
export function EmergencyAlert(): ReactNode {
  const { scene } = useMoment();
  const paths = scene.network?.data.connections.filter(
    ({ type, is_active }) => type === 'emergency' && is_active,
  );
  return (
    <div role="alert" className="alert-slot">
      {scene.mode === 'emergency' && (
        <p className="emergency-alert">
          <Icon name="alert" />
          <strong>Emergency mode</strong>
          {paths && paths.length > 0 && `${paths.length} emergency paths are open`}
        </p>
      )}
    </div>
  );
}
