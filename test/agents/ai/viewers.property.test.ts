import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { size } from '../../faults/chaos.ts';
import { asked, chatWorld, viewed } from './chat-world.ts';
import { STREAMS } from './random-stream.ts';
import { SDKS, type Shown, shown } from './sdk.ts';

for (const [name, sdk] of SDKS) {
  test(`${name}: a viewer who joins at any moment sees the message that the handler’s stream makes; from any cursor, one that is valid`, async () => {
    await fc.assert(
      fc.asyncProperty(STREAMS, fc.array(fc.nat(60), { maxLength: 3 }), async (chunks, joins) => {
        let join = (_: number): void => {};
        await using world = chatWorld(async function* ({ runId }) {
          join = (at) => {
            if (joins.includes(at)) viewers.push(shown(sdk, viewed(world, runId)));
          };
          for (const [at, chunk] of chunks.entries()) {
            join(at);
            yield chunk;
          }
        });
        const viewers: Promise<Shown>[] = [];
        const run = await world.ask([asked('u1')]);
        viewers.push(shown(sdk, viewed(world, run)));
        const direct = await shown(sdk, [{ type: 'start', messageId: run }, ...chunks.slice(1)]);
        for (const viewer of await Promise.all(viewers)) expect(viewer).toEqual(direct);
        expect(await shown(sdk, viewed(world, run))).toEqual(direct);
        // From a cursor in its midst there is less, and nothing that the SDK's reader refuses.
        const { items } = await world.manager.history({ topic: 'chat-c', openings: true, limit: 1000 });
        for (const { cursor } of items.slice(0, -1)) {
          const { error, message } = await shown(sdk, viewed(world, run, cursor));
          expect([error, message?.id]).toEqual([undefined, run]);
        }
      }),
      { numRuns: size(25, 500) },
    );
  });
}
