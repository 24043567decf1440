import { EventType, type Message } from '@ag-ui/core';
import { expect, test, vi } from 'vitest';
import { agUiRuns } from '../../../agents/ag-ui/index.ts';
import { inputOf, question, threadManager, view } from './viewers.ts';

test('a run is not taken for the first of its thread where the newest page of the log has none', async () => {
  const manager = threadManager();
  const thread = agUiRuns(manager);
  const says = async function* () {};
  await thread.start(says, inputOf('r1'));
  await view(manager); // until it has ended
  const history = manager.history.bind(manager);
  // As where more records of others lie behind it than a server reads for a page.
  vi.spyOn(manager, 'history').mockImplementationOnce(async (options) => {
    const page = await history(options);
    return { ...page, items: [], previous: page.next };
  });
  const added: Message = { id: 'u2', role: 'user', content: 'And?' };
  const messages: Message[] = [question, { id: 'a1', role: 'assistant', content: 'Yes.' }, added];
  await thread.start(says, { ...inputOf('r2'), messages });
  const { events } = await view(manager);
  const begun = events.filter(({ type }) => type === EventType.RUN_STARTED);
  expect(begun).toMatchObject([{ input: { messages: [question] } }, { input: { messages: [added] } }]);
  await manager.close();
});
