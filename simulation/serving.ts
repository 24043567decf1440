export { simulationEvents } from './catalog.ts';
export { simulationProcedures } from './control/simulation-procedures.ts';
export { SimulationRegistry } from './control/simulation-registry.ts';
export { RESPONDER_VARIABLES } from './llm/responder-from-env.ts';
