export { Agent, type AgentOptions, type Reply, type Situation } from './agent/agent.ts';
export type { AgentStats } from './agent/agent-stats.ts';
export {
  EventOutlet,
  type EventOutletOptions,
  type EventPublisher,
  type GrowingAnswer,
  type OpenQuestion,
} from './agent/event-outlet.ts';
export {
  type Responder,
  ResponderError,
  type ResponderFactory,
  type ResponseRequest,
} from './agent/responder.ts';
export { scriptedResponder } from './agent/scripted-responder.ts';
export { type Sentiment, type SentimentAnalyzer, vaderSentiment } from './agent/sentiment.ts';
export { ARCHETYPE_IDS, ARCHETYPES, type Archetype, type ArchetypeId } from './archetypes.ts';
export {
  type FailureReason,
  type SimulationCatalog,
  type SimulationState,
  simulationDefinitions,
  simulationEvents,
} from './catalog.ts';
export { type Clock, systemClock, type WorldClock } from './clock.ts';
export type { Command } from './control/command.ts';
export { type SimulationProceduresOptions, simulationProcedures } from './control/simulation-procedures.ts';
export { SimulationRegistry, type SimulationRegistryOptions } from './control/simulation-registry.ts';
export { type LlmOptions, llmResponder } from './llm/llm-responder.ts';
export { RESPONDER_VARIABLES, responderFromEnv } from './llm/responder-from-env.ts';
export {
  AgentNetwork,
  type AgentNetworkOptions,
  type NetworkMessage,
  type PathStrength,
} from './network/agent-network.ts';
export type { CommunicationStats } from './network/communication-matrix.ts';
export type { EmergencyLimits } from './network/emergency.ts';
export { type Mode, type Path, PSYCHE_PATHS } from './network/paths.ts';
export { measureStagnation } from './network/stagnation.ts';
export type { Random } from './random.ts';
export { type RunSimulationOptions, runSimulation } from './run-simulation.ts';
export { Simulation, type SimulationOptions } from './simulation.ts';
