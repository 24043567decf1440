export { Agent, type AgentOptions, type Reply, type Situation } from './agent.ts';
export {
  AgentNetwork,
  type AgentNetworkOptions,
  type NetworkMessage,
  type PathStrength,
} from './agent-network.ts';
export type { AgentStats } from './agent-stats.ts';
export { ARCHETYPE_IDS, ARCHETYPES, type Archetype, type ArchetypeId } from './archetypes.ts';
export {
  type FailureReason,
  type SimulationCatalog,
  type SimulationState,
  simulationEvents,
} from './catalog.ts';
export { type Clock, systemClock, type WorldClock } from './clock.ts';
export type { Command } from './command.ts';
export type { CommunicationStats } from './communication-matrix.ts';
export type { EmergencyLimits } from './emergency.ts';
export { EventOutlet, type EventOutletOptions, type EventPublisher } from './event-outlet.ts';
export { type LlmOptions, llmResponder } from './llm/llm-responder.ts';
export { RESPONDER_VARIABLES, responderFromEnv } from './llm/responder-from-env.ts';
export { type Mode, type Path, PSYCHE_PATHS } from './paths.ts';
export type { Random } from './random.ts';
export { type Responder, ResponderError, type ResponderFactory, type ResponseRequest } from './responder.ts';
export { simulationProcedures } from './router/simulation-procedures.ts';
export { type RunSimulationOptions, runSimulation } from './run-simulation.ts';
export { scriptedResponder } from './scripted-responder.ts';
export { type Sentiment, type SentimentAnalyzer, vaderSentiment } from './sentiment.ts';
export { Simulation, type SimulationOptions } from './simulation.ts';
export { SimulationRegistry, type SimulationRegistryOptions } from './simulation-registry.ts';
export { measureStagnation } from './stagnation.ts';
