import type { Row } from './happenings.ts';
import type { Cell, View } from './outcome.ts';
import type { Column } from './systems/systems.ts';

const all: View = { shows: 'all', told: 'nothing' };
const nothing: View = { shows: 'nothing', told: 'nothing' };
const part: View = { shows: 'a part', told: 'nothing' };
const lost: View = { shows: 'a part', told: 'the run is lost' };
const failed: View = { shows: 'a part', told: 'an error' };

/** The table of docs/agents.md. Each cell is proved by a test, ours and theirs. */
export const CELLS: Readonly<Record<Row, Readonly<Record<Column, Cell>>>> = {
  'close the tab': {
    'AG-UI: `HttpAgent`': { run: 'is aborted', page: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: all },
    'AI SDK: `DefaultChatTransport`': { run: 'is aborted', page: part },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: all },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: all },
  },
  'reload in mid-token': {
    'AG-UI: `HttpAgent`': { run: 'is aborted', page: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: all },
    'AI SDK: `DefaultChatTransport`': { run: 'is aborted', page: part },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: all },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: all },
  },
  'reload in mid-tool-call': {
    'AG-UI: `HttpAgent`': { run: 'is aborted', page: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: all },
    'AI SDK: `DefaultChatTransport`': { run: 'is aborted', page: part },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: all },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: all },
  },
  'two viewers': {
    'AG-UI: `HttpAgent`': { run: 'goes on', page: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: all },
    'AI SDK: `DefaultChatTransport`': { run: 'goes on', page: nothing },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: all },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: all },
  },
  'stop from the second viewer': {
    'AG-UI: `HttpAgent`': { run: 'goes on', page: all },
    'AG-UI: `ResumableAgent`': { run: 'is stopped', page: { ...part, told: 'the run was stopped' } },
    'AI SDK: `DefaultChatTransport`': { run: 'goes on', page: all },
    'AI SDK: with `resumable-stream`': { run: 'is stopped', page: part },
    'AI SDK: `EventsChatTransport`': { run: 'is stopped', page: { ...part, told: 'the run was stopped' } },
  },
  'server killed': {
    'AG-UI: `HttpAgent`': { run: 'is lost', page: failed, reload: nothing },
    'AG-UI: `ResumableAgent`': { run: 'is lost', page: lost, reload: lost },
    'AI SDK: `DefaultChatTransport`': { run: 'is lost', page: failed, reload: nothing },
    'AI SDK: with `resumable-stream`': {
      run: 'is lost',
      page: failed,
      reload: { shows: 'nothing', told: 'an error or nothing' },
    },
    'AI SDK: `EventsChatTransport`': { run: 'is lost', page: lost, reload: lost },
  },
  'network cut for 30 s': {
    'AG-UI: `HttpAgent`': { run: 'is aborted', page: failed, reload: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: all, reload: all },
    'AI SDK: `DefaultChatTransport`': { run: 'is aborted', page: failed, reload: part },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: failed, reload: all },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: all, reload: all },
  },
  'trimmed log': {
    'AG-UI: `HttpAgent`': { run: 'goes on', page: nothing },
    'AG-UI: `ResumableAgent`': { run: 'goes on', page: { ...part, told: 'a gap' } },
    'AI SDK: `DefaultChatTransport`': { run: 'goes on', page: nothing },
    'AI SDK: with `resumable-stream`': { run: 'goes on', page: nothing },
    'AI SDK: `EventsChatTransport`': { run: 'goes on', page: { ...part, told: 'a gap' } },
  },
};
