export { conform, type Outcome } from './run.ts';
