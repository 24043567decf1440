import type { Place } from './systems/system.ts';
import { type Column, SYSTEMS } from './systems/systems.ts';

/** A server of a column in a process of its own. Its argument is one of these as JSON. */
export interface ServerProcessOptions {
  column: Column;
  place: Place;
}

const { column, place } = JSON.parse(process.argv[2] ?? '') as ServerProcessOptions;
const { url } = await SYSTEMS[column].serve(place);
process.on('disconnect', () => process.exit()); // its test is over, however it ended
process.send?.(url);
