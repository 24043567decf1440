import { type Scenario, same } from '../scenario.ts';
import type { Scene } from '../scene.ts';

const topic = 't';

/** Scenarios of whoever answers questions, and writes events that grow. */
export const owning: readonly Scenario[] = [
  {
    name: '[O1] a question is answered once: the second answer is ALREADY_SETTLED',
    needs: ['answers'],
    async run(scene) {
      const { manager } = scene.stage;
      await scene.connect();
      const { id } = await manager.begin('approval', { tool: 'deploy' }, { topic, key: 'call-1' });
      const answer = (allow: boolean) =>
        scene.call({ do: 'answer', type: 'approval', topic, open: id, answer: { allow } });
      same('The first answer is taken', 'result' in (await answer(true)), true);
      same('The second answer', reasonOf(await answer(false)), 'ALREADY_SETTLED');
      const again = await manager.ask('approval', { tool: 'deploy' }, { topic, key: 'call-1' });
      same('What the asker gets', again.answer, { allow: true });
    },
  },
  {
    name: '[O1] a text is begun, grows, and is settled as a whole',
    needs: ['begins'],
    async run(scene) {
      await scene.connect();
      await begin(scene);
      for (const text of ['It ', 'is ', 'whole.']) await scene.call({ do: 'append', event: 'e', text });
      same('It is settled', 'result' in (await scene.call({ do: 'done', event: 'e' })), true);
      same('The log', await replies(scene), ['done It is whole.']);
    },
  },
  {
    name: '[O4] an append whose answer was lost is sent again, and applied once',
    needs: ['begins'],
    async run(scene) {
      await scene.connect();
      await begin(scene);
      await scene.call({ do: 'append', event: 'e', text: 'one ' });
      scene.stage.proxy.muteServer();
      const answered = scene.call({ do: 'append', event: 'e', text: 'two ' });
      await scene.until('the text at the server', async () => (await openText(scene)) === 'one two ');
      scene.stage.proxy.refuse();
      scene.stage.proxy.pass();
      same('The append is answered', 'result' in (await answered), true);
      await scene.call({ do: 'append', event: 'e', text: 'three' });
      await scene.call({ do: 'done', event: 'e' });
      same('The log', await replies(scene), ['done one two three']);
    },
  },
  {
    name: '[O1] a settlement whose answer was lost is known to be one’s own',
    needs: ['begins'],
    async run(scene) {
      await scene.connect();
      await begin(scene);
      await scene.call({ do: 'append', event: 'e', text: 'all' });
      scene.stage.proxy.muteServer();
      const answered = scene.call({ do: 'done', event: 'e' });
      await scene.until('the settlement', async () => (await replies(scene))[0] === 'done all');
      scene.stage.proxy.refuse();
      scene.stage.proxy.pass();
      same('It is settled', 'result' in (await answered), true);
    },
  },
];

/** Has the client begin a reply, which the runner calls `e`. */
async function begin(scene: Scene): Promise<void> {
  const answer = await scene.call({ do: 'begin', event: 'e', type: 'reply', topic, data: { text: '' } });
  same('It is begun', 'result' in answer, true);
}

function reasonOf(answer: Awaited<ReturnType<Scene['call']>>): string | null {
  return 'error' in answer ? answer.error.reason : 'none: it was taken';
}

/** The replies in the log, each with its state. */
async function replies({ stage }: Scene): Promise<string[]> {
  const { items } = await stage.manager.history({ topic, types: ['reply'] });
  return items.map(({ event }) => `${event.open?.state} ${event.data.text}`);
}

async function openText({ stage }: Scene): Promise<string | undefined> {
  const { items } = await stage.manager.openEvents({ topic, types: ['reply'] });
  return items[0]?.event.data.text;
}
