import type { ReactNode } from 'react';
import { Analytics } from './charts/analytics.tsx';
import { Mood } from './charts/mood.tsx';
import { Controls } from './controls/controls.tsx';
import { Announcer } from './conversation/announcer.tsx';
import { Conversation } from './conversation/conversation.tsx';
import { EventsProvider } from './events.ts';
import { Network } from './network/network.tsx';
import { ConnectionBar } from './shell/connection-bar.tsx';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { PageState } from './shell/page-state.tsx';
import { MomentProvider } from './state/moment/moment-provider.tsx';
import { ServerStatsProvider } from './state/server-stats-provider.tsx';
import { SimulationProvider } from './state/simulation-provider.tsx';
import { useDrawn } from './state/use-schema.ts';
import { SystemStatus } from './system/system-status.tsx';
import { Timeline } from './timeline/timeline.tsx';

/** Relative to the page, which a proxy may serve below a path of its own. */
const ENDPOINT = 'trpc';

/** One panel that cannot show an event must not take the others with it. */
export function App(): ReactNode {
  return (
    <EventsProvider url={ENDPOINT}>
      <ServerStatsProvider>
        <MomentProvider>
          <SimulationProvider>
            <PageState>
              <ConnectionBar />
              <Panels />
              <ErrorBoundary name="The timeline">
                <Timeline />
              </ErrorBoundary>
              <Announcer />
            </PageState>
          </SimulationProvider>
        </MomentProvider>
      </ServerStatsProvider>
    </EventsProvider>
  );
}

/** The simulation has a network, a mood and controls; events of one's own are shown one by one. */
function Panels(): ReactNode {
  const isDrawn = useDrawn();
  const talks = isDrawn('agent_message');
  const hasNetwork = isDrawn('network_update');
  return (
    <main className="panels" data-own={!talks && !hasNetwork}>
      <ErrorBoundary name="The conversation">
        <Conversation title={talks ? 'Conversation' : 'Log'} />
      </ErrorBoundary>
      {(talks || hasNetwork) && (
        <div className="panels-middle">
          {hasNetwork && (
            <ErrorBoundary name="The network">
              <Network />
            </ErrorBoundary>
          )}
          {talks && (
            <ErrorBoundary name="The controls">
              <Controls />
            </ErrorBoundary>
          )}
        </div>
      )}
      <div className="panels-side">
        {talks && (
          <ErrorBoundary name="The mood">
            <Mood />
          </ErrorBoundary>
        )}
        {isDrawn('system_status') && (
          <ErrorBoundary name="The system">
            <SystemStatus />
          </ErrorBoundary>
        )}
        <ErrorBoundary name="The events">
          <Analytics />
        </ErrorBoundary>
      </div>
    </main>
  );
}
