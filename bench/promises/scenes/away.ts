import { setTimeout as sleep } from 'node:timers/promises';
import type { ContenderName } from '../contenders/registry.ts';
import { faultsOf, setStage, settled } from '../stage.ts';

const EVENTS = 300;

/** A client is away for two seconds of three in which events are published, each 10 ms: its line is cut, and mended. */
export async function away(contender: ContenderName) {
  await using stage = await setStage({ contender });
  const follower = await stage.follow();
  const published = stage.server.publish({ from: 0, count: EVENTS, chars: 100, everyMs: 10 });
  await sleep(500);
  stage.line.refuse();
  await sleep(2000);
  stage.line.pass();
  await published;
  // The last word is after its return: whoever is back gets it.
  await settled(follower, EVENTS);
  return { events: EVENTS, ...faultsOf(follower, EVENTS), told: [...new Set(follower.told)] };
}
