import { type FormEvent, type ReactNode, useState } from 'react';
import { usePublish } from '../events.ts';
import { ARCHETYPE_IDS, type ArchetypeId, isArchetype, nameOf } from '../model/archetypes.ts';
import { SENTIMENTS, type SentimentLabel } from '../model/filters.ts';
import { useTopic } from '../state/url-state.ts';

const SCORES: Readonly<Record<SentimentLabel, number>> = { positive: 0.5, neutral: 0, negative: -0.5 };

/** Publishes an `agent_message`, as any other publisher would. */
export function MessageForm(): ReactNode {
  const topic = useTopic();
  const { publish, pending, error } = usePublish('agent_message');
  const [agent, setAgent] = useState<ArchetypeId>('ego');
  const [to, setTo] = useState<ArchetypeId | ''>('self');
  const [label, setLabel] = useState<SentimentLabel>('neutral');
  const [message, setMessage] = useState('');
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (pending || message.trim() === '') return;
    const data = {
      agent_id: agent,
      agent_type: nameOf(agent),
      message: message.trim(),
      sentiment: { score: SCORES[label], label },
      metadata: to === '' ? {} : { to },
    };
    if (await publish(data, { topic })) setMessage('');
  };
  return (
    <form className="say" onSubmit={send}>
      <label className="select">
        <span className="hidden">Who speaks</span>
        <select value={agent} onChange={({ target }) => isArchetype(target.value) && setAgent(target.value)}>
          <AgentOptions />
        </select>
      </label>
      <span aria-hidden="true">→</span>
      <label className="select">
        <span className="hidden">To whom</span>
        <select value={to} onChange={({ target }) => setTo(isArchetype(target.value) ? target.value : '')}>
          <option value="">all</option>
          <AgentOptions />
        </select>
      </label>
      <label className="select">
        <span className="hidden">Sentiment of the message</span>
        <select
          value={label}
          onChange={({ target }) => setLabel(SENTIMENTS.find((each) => each === target.value) ?? 'neutral')}
        >
          {SENTIMENTS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label className="field grow">
        <span className="hidden">Message</span>
        <input
          value={message}
          placeholder="What they say"
          onChange={({ target }) => setMessage(target.value)}
        />
      </label>
      <button type="submit" className="button" disabled={pending || message.trim() === ''}>
        {pending ? 'Publishing…' : 'Publish'}
      </button>
      {error && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
    </form>
  );
}

function AgentOptions(): ReactNode {
  return ARCHETYPE_IDS.map((id) => (
    <option key={id} value={id}>
      {nameOf(id)}
    </option>
  ));
}
