import { describe, expect, test } from 'vitest';
import { EventOutlet } from '../../simulation/agent/event-outlet.ts';
import { AgentNetwork, type AgentNetworkOptions } from '../../simulation/network/agent-network.ts';
import { FakeClock } from './fake-clock.ts';
import { eventLog, only } from './stage.ts';

function setUp(options: Partial<AgentNetworkOptions> = {}) {
  const log = eventLog();
  const clock = new FakeClock();
  const outlet = new EventOutlet({ manager: log.manager, clock });
  const network = new AgentNetwork({ events: outlet, clock, ...options });
  const updates = async () => {
    await outlet.settled();
    return only(await log.events(), 'network_update').map(({ data }) => data);
  };
  return { network, clock, updates, [Symbol.asyncDispose]: log[Symbol.asyncDispose] };
}

describe('a message in the agent network', () => {
  test('joins the queue of its path, is counted, and is broadcast', async () => {
    await using stage = setUp();
    const { network, updates } = stage;
    network.sendMessage('shadow', 'persona', 'Nice coat.', { sentiment: 0.42 });
    expect(network.getMessages('persona')).toEqual([{ from: 'shadow', to: 'persona', text: 'Nice coat.' }]);
    expect(network.getStats()['shadow']).toEqual({ sent: 1, received: 0 });
    expect(network.getStats()['persona']).toEqual({ sent: 0, received: 1 });
    expect(network.getCommunicationMatrix()['shadow']).toEqual({
      shadow: 0,
      persona: 1,
      anima_animus: 0,
      self: 0,
      ego: 0,
    });
    const [update] = await updates();
    expect(update).toMatchObject({
      event_type: 'message_sent',
      details: { from: 'shadow', to: 'persona', queue_size: 1, sentiment: 0.42, mode: 'normal' },
      communication_stats: network.getStats(),
    });
    expect(update?.connections).toEqual(network.getConnections());
  });

  test('is returned in the order of sending across paths', async () => {
    await using stage = setUp();
    const { network } = stage;
    network.sendMessage('self', 'ego', 'one');
    network.sendMessage('persona', 'ego', 'two');
    network.sendMessage('self', 'ego', 'three');
    expect(network.getMessages('ego').map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  test('displaces the oldest in a queue of 100, whose share of 100 is the path’s strength', async () => {
    await using stage = setUp();
    const { network } = stage;
    const strength = (from: string, to: string) =>
      network.getConnections().find((path) => path.from === from && path.to === to)?.strength;
    for (let i = 1; i <= 30; i++) network.sendMessage('ego', 'self', `message ${i}`);
    expect(strength('ego', 'self')).toBe(0.3);
    for (let i = 31; i <= 130; i++) network.sendMessage('ego', 'self', `message ${i}`);
    expect(strength('ego', 'self')).toBe(1);
    expect(strength('self', 'ego')).toBe(0);
    const waiting = network.getMessages('self');
    expect(waiting).toHaveLength(100);
    expect(waiting[0]?.text).toBe('message 31');
    expect(network.getStats()['ego']?.sent).toBe(130);
  });

  test.each([
    ['shadow', 'ego'],
    ['shadow', 'nobody'],
    ['nobody', 'ego'],
    ['ego', 'ego'],
  ])('is not sent without an open path: %s → %s', async (from, to) => {
    await using stage = setUp();
    const { network, updates } = stage;
    expect(network.canSend(from, to)).toBe(false);
    expect(() => network.sendMessage(from, to, 'Hello!')).toThrow(`No open path leads from ${from} to ${to}`);
    expect(network.getMessages(to)).toEqual([]);
    expect(await updates()).toEqual([]);
  });

  test('travels along custom agents and paths', async () => {
    await using stage = setUp({
      agents: ['agent_1', 'agent_2'],
      paths: [{ from: 'agent_1', to: 'agent_2', type: 'normal' }],
    });
    stage.network.sendMessage('agent_1', 'agent_2', 'Hello!');
    expect((await stage.updates())[0]?.connections).toEqual([
      { from: 'agent_1', to: 'agent_2', strength: 0.01, is_active: true, type: 'normal' },
    ]);
    expect(() => setUp({ agents: ['agent_1'] })).toThrow(TypeError);
  });
});

describe('the emergency of an agent network', () => {
  test('begins above 0.6, and ends below 0.48 once it has lasted 15 s', async () => {
    await using stage = setUp();
    const { network, clock, updates } = stage;
    const at = (stagnation: number) => network.updateConversationState({ stagnation });
    expect(at(0.6)).toBe('normal');
    expect(at(0.61)).toBe('emergency');
    expect(at(0.1)).toBe('emergency');
    await clock.advance(15_000);
    expect(at(0.5)).toBe('emergency');
    expect(at(0.48)).toBe('emergency');
    expect(at(0.47)).toBe('normal');
    expect(at(0.55)).toBe('normal');
    expect((await updates()).map(({ event_type, details }) => [event_type, details])).toEqual([
      ['emergency_mode_activated', { stagnation: 0.61, threshold: 0.6, mode: 'emergency' }],
      ['emergency_mode_deactivated', { stagnation: 0.47, threshold: 0.48, mode: 'normal' }],
    ]);
  });

  test('opens eight paths, and closes them', async () => {
    await using stage = setUp({ emergency: { holdMs: 0 } });
    const { network, updates } = stage;
    network.updateConversationState({ stagnation: 0.8 });
    network.sendMessage('shadow', 'ego', 'Look at me.');
    network.updateConversationState({ stagnation: 0.2 });
    expect(() => network.sendMessage('shadow', 'ego', 'Look at me.')).toThrow('in normal mode');
    const active = (await updates()).map(({ connections }) =>
      ['normal', 'emergency'].map(
        (type) => connections.filter((path) => path.is_active && path.type === type).length,
      ),
    );
    expect(active).toEqual([
      [10, 8],
      [10, 8],
      [10, 0],
    ]);
  });

  test.each([Number.NaN, -0.1, 1.1])('refuses %d as a stagnation', async (stagnation) => {
    await using stage = setUp();
    expect(() => stage.network.updateConversationState({ stagnation })).toThrow(TypeError);
    expect(stage.network.mode).toBe('normal');
  });
});
