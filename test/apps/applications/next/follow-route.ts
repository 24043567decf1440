/** Follows the route handler's server-sent events. */
import { follow } from './follow.ts';

console.log(await follow(process.argv[2] ?? ''));
