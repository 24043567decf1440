import { numbered, type Scenario, same } from '../scenario.ts';

/** Scenarios of publishing: an event is stored once. */
export const publishing: readonly Scenario[] = [
  {
    name: '[D2] a publish is answered with its cursor, and stored',
    needs: ['publish'],
    async run(scene) {
      await scene.connect();
      const answer = await scene.publish('a');
      const [item] = (await scene.stage.manager.history({ topic: 't' })).items;
      same('The answer', answer, { result: { cursor: item?.cursor, duplicate: false } });
      same('The log', await scene.stored(), ['a']);
    },
  },
  {
    name: '[D1] publishes one after another are stored in that order',
    needs: ['publish'],
    async run(scene) {
      await scene.connect();
      for (const text of numbered('a', 30)) await scene.publish(text);
      same('The log', await scene.stored(), numbered('a', 30));
    },
  },
  {
    name: '[D2] a publish that is refused has its reason and the path of the field, and stores nothing',
    needs: ['publish'],
    async run(scene) {
      await scene.connect();
      const answer = await scene.publish(7);
      if ('result' in answer) throw new Error('The call succeeded, and must fail');
      same('The reason', answer.error.reason, 'INVALID_EVENT');
      same('The field', answer.error.issues[0]?.path, ['data', 'text']);
      same('The log', await scene.stored(), []);
      same('The next one', 'result' in (await scene.publish('a')), true);
    },
  },
  {
    name: '[D3] a publish whose answer was lost is sent again, and stored once',
    needs: ['publish', 'retry'],
    async run(scene) {
      await scene.connect();
      await scene.publish('a');
      scene.stage.proxy.muteServer();
      const answered = scene.publish('b');
      await scene.until('the event in the log', async () => (await scene.stored()).length === 2);
      scene.stage.proxy.refuse();
      scene.stage.proxy.pass();
      const answer = await answered;
      if (!('result' in answer))
        throw new Error(`The call failed with another error: ${JSON.stringify(answer.error)}`);
      same('duplicate', (answer.result as { duplicate?: unknown } | null)?.duplicate, true);
      same('The log', await scene.stored(), ['a', 'b']);
    },
  },
  {
    name: '[D12] what is published while there is no connection is stored once there is one',
    needs: ['publish', 'retry'],
    async run(scene) {
      await scene.connect();
      await scene.publish('a');
      scene.stage.proxy.refuse();
      const answered = scene.publish('b');
      const before = scene.stage.proxy.connections;
      await scene.until('an attempt to connect', () => scene.stage.proxy.connections > before);
      scene.stage.proxy.pass();
      same('The answer', 'result' in (await answered), true);
      same('The log', await scene.stored(), ['a', 'b']);
    },
  },
  {
    name: '[D12] what is published after a subscription was asked for, it gets',
    needs: ['publish', 'sees-own'],
    async run(scene) {
      await scene.connect();
      const subscriber = await scene.subscribe();
      await scene.publish('a');
      await subscriber.notes(1);
      same('The notes', subscriber.texts, ['a']);
    },
  },
];
