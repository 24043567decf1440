import type { ReactNode } from 'react';
import { Analytics } from './charts/analytics.tsx';
import { Mood } from './charts/mood.tsx';
import { Controls } from './controls/controls.tsx';
import { Announcer } from './conversation/announcer.tsx';
import { Conversation } from './conversation/conversation.tsx';
import { EventsProvider } from './events.ts';
import { Network } from './network/network.tsx';
import { ConnectionBar } from './shell/connection-bar.tsx';
import { PageState } from './shell/page-state.tsx';
import { MomentProvider } from './state/moment-provider.tsx';
import { SimulationProvider } from './state/simulation-provider.tsx';
import { SystemStatus } from './system/system-status.tsx';
import { Timeline } from './timeline/timeline.tsx';

export function App(): ReactNode {
  return (
    <EventsProvider>
      <MomentProvider>
        <SimulationProvider>
          <PageState>
            <ConnectionBar />
            <main className="panels">
              <Conversation />
              <div className="panels-middle">
                <Network />
                <Controls />
              </div>
              <div className="panels-side">
                <Mood />
                <SystemStatus />
                <Analytics />
              </div>
            </main>
            <Timeline />
            <Announcer />
          </PageState>
        </SimulationProvider>
      </MomentProvider>
    </EventsProvider>
  );
}
