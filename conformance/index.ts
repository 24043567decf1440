export { type ConformanceReport, conform, type Outcome } from './run.ts';
