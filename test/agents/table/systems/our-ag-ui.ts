import { agUiEvents, agUiRuns, ResumableAgent } from '../../../../agents/ag-ui/index.ts';
import { createClient } from '../../../../client/index.ts';
import { defineEvents } from '../../../../shared/index.ts';
import { agUiAgent } from '../stand-in/ag-ui-agent.ts';
import { agUiPage } from './ag-ui-page.ts';
import { LEASE_MS, ourServer, trimTopic } from './our-server.ts';
import type { System } from './system.ts';

const catalog = defineEvents(agUiEvents);

/** `agUiRuns` on the server, `ResumableAgent` in the page: see docs/agents.md. */
export const ourAgUi: System = {
  serve: (place) =>
    ourServer(place, catalog, (manager) => {
      const agents = agUiRuns(manager, { leaseMs: LEASE_MS });
      agents.serve((_input, { runId, signal }) => agUiAgent(place.model, runId, signal));
    }),
  page(url, threadId) {
    const client = createClient({ url, catalog });
    const agent = new ResumableAgent({ client, threadId });
    return agUiPage(agent, {
      gap: 'psyche-events.gap',
      lost: 'RUN_LOST',
      dispose: () => client.close(),
    });
  },
  trim: (place, threadId) => trimTopic(place, `agui-${threadId}`),
};
