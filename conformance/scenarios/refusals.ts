import { setTimeout as sleep } from 'node:timers/promises';
import { CloseCode } from '../../shared/index.ts';
import { complete, numbered, type Scenario, same } from '../scenario.ts';
import { TOKENS } from '../stage.ts';

/** Ms in which a client that has given up is watched: it connects no more. */
const WATCHED_MS = 1_500;

/** Scenarios of refusals. */
export const refusals: readonly Scenario[] = [
  {
    name: 'a filter that is none ends its subscription with INVALID_FILTER, and no other',
    async run(scene) {
      await scene.connect();
      const wrong = await scene.subscribe({ filter: { nothing: 1 } });
      same('The reason', (await wrong.refused()).reason, 'INVALID_FILTER');
      const right = await scene.subscribe();
      await right.synced();
      await scene.put(['a']);
      await right.notes(1);
      same('Items of the first one', wrong.items, []);
    },
  },
  {
    name: 'an input of another shape is INVALID_OPTION with its path',
    async run(scene) {
      await scene.connect();
      const { reason, issues } = await (await scene.subscribe({ topic: 'no topic' })).refused();
      same('The error', { reason, path: issues[0]?.path }, { reason: 'INVALID_OPTION', path: ['topic'] });
    },
  },
  {
    name: 'a topic that one may not read is FORBIDDEN, and another is not',
    needs: ['params'],
    stage: { guarded: true },
    async run(scene) {
      await scene.connect({ tokens: [TOKENS.reader] });
      same('The reason', (await (await scene.subscribe()).refused()).reason, 'FORBIDDEN');
      await (await scene.subscribe({ topic: 'public' })).synced();
    },
  },
  {
    name: '[D12] a token that expires is replaced by a fresh one, and nothing is lost',
    needs: ['params'],
    stage: { guarded: true },
    async run(scene) {
      await scene.connect({ tokens: [TOKENS.brief, TOKENS.all] });
      const subscriber = await scene.subscribe();
      await subscriber.synced();
      const texts: string[] = [];
      // Not by the number of connections: browsers keep those over HTTP for the next request.
      await scene.until('the subscription with the fresh token alone', async () => {
        const [text = ''] = numbered('a', 1, texts.length);
        await scene.put([text]);
        texts.push(text);
        return subscriber.syncs.length > 1 && scene.stage.manager.stats().subscribers === 1;
      });
      await scene.put([`a:${texts.length}`]);
      texts.push(`a:${texts.length}`);
      await subscriber.until('the last one', () => subscriber.texts.includes(texts.at(-1) ?? ''));
      complete(subscriber, texts);
    },
  },
  {
    name: '[D13] with a wrong token (4501) its subscription ends, and it does not try again',
    needs: ['params', 'gives-up'],
    stage: { guarded: true },
    async run(scene) {
      await scene.connect({ tokens: [TOKENS.wrong] });
      const subscriber = await scene.subscribe();
      same('The close code', await scene.gaveUp(), CloseCode.UNAUTHENTICATED);
      await subscriber.refused();
      await isLeftAlone(scene.stage.proxy);
    },
  },
  {
    name: '[D13] a session that was revoked is closed with 4503, and it does not try again',
    needs: ['params', 'gives-up'],
    stage: { guarded: true },
    async run(scene) {
      await scene.connect({ tokens: [TOKENS.all] });
      const subscriber = await scene.subscribe();
      await subscriber.synced();
      await scene.stage.revoke('alice');
      same('The close code', await scene.gaveUp(), CloseCode.FORBIDDEN);
      await isLeftAlone(scene.stage.proxy);
    },
  },
  {
    name: '[D13] a version of the protocol that the server does not speak is 4505, and it does not try again',
    needs: ['params', 'gives-up'],
    async run(scene) {
      await scene.connect({ version: '99' });
      const subscriber = await scene.subscribe();
      same('The close code', await scene.gaveUp(), CloseCode.UNKNOWN_VERSION);
      await subscriber.refused();
      await isLeftAlone(scene.stage.proxy);
    },
  },
  {
    name: 'a version that it speaks is let in',
    needs: ['params'],
    async run(scene) {
      await scene.connect({ version: '1' });
      await (await scene.subscribe()).synced();
    },
  },
];

async function isLeftAlone(proxy: { readonly connections: number }): Promise<void> {
  const { connections } = proxy;
  await sleep(WATCHED_MS);
  same('Connections after it gave up', proxy.connections - connections, 0);
}
