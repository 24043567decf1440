export { GAP_EVENT, RUN_LOST } from './ag-ui-dialect.ts';
export { type AgUiCatalog, agUiEvents } from './ag-ui-events.ts';
export {
  type AgUiHandler,
  type AgUiRunContext,
  AgUiRuns,
  type AgUiRunsOptions,
  agUiRuns,
} from './ag-ui-runs.ts';
export { ResumableAgent, type ResumableAgentConfig } from './resumable-agent.ts';
