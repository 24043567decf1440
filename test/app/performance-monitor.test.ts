import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  EventManager,
  health,
  integratePerformanceMonitor,
  MemoryBroker,
  PerformanceMonitor,
  type PerformanceReaders,
} from '../../server/index.ts';
import type { AnyEvent } from '../../shared/index.ts';
import { eventually } from '../client/eventually.ts';

/** A machine with two processors, at rest until told otherwise. */
function fakeMachine() {
  const state = { nowMs: 1000, busyMs: 200, totalMs: 2000, processMs: 50, freeBytes: 250 };
  const readers: PerformanceReaders = {
    now: () => state.nowMs,
    machineCpu: () => ({ busyMs: state.busyMs, totalMs: state.totalMs }),
    processCpuMs: () => state.processMs,
    machineMemory: () => ({ totalBytes: 1000, freeBytes: state.freeBytes }),
    processMemory: () => ({ rss: 3, heapUsed: 1, heapTotal: 2 }),
    threads: () => 12,
    openFiles: () => 156,
    activeHandles: () => 7,
    load: () => 0.5,
  };
  return { state, readers };
}

describe('PerformanceMonitor', () => {
  test('measures usage since the previous sample, or since the start', () => {
    const { state, readers } = fakeMachine();
    const monitor = new PerformanceMonitor({ readers });
    expect(monitor.sample()).toMatchObject({ cpu_percent: 10, process_cpu_percent: 5, memory_percent: 75 });
    Object.assign(state, { nowMs: 2000, totalMs: 4000, busyMs: 1800, processMs: 1550, freeBytes: 900 });
    expect(monitor.sample()).toMatchObject({
      cpu_percent: 80,
      process_cpu_percent: 150,
      memory_percent: 10,
      thread_count: 12,
      open_files: 156,
      active_handles: 7,
      rss_bytes: 3,
    });
    monitor.close();
  });

  test('repeats the last values within one step of the system’s clock', () => {
    const { readers } = fakeMachine();
    const monitor = new PerformanceMonitor({ readers });
    monitor.sample();
    expect(monitor.sample()).toMatchObject({ cpu_percent: 10, process_cpu_percent: 5 });
    monitor.close();
  });

  test('omits figures that the system does not provide', () => {
    const monitor = new PerformanceMonitor({
      readers: { threads: () => undefined, openFiles: () => undefined },
    });
    const metrics = monitor.sample();
    expect(metrics).not.toHaveProperty('thread_count');
    expect(metrics).not.toHaveProperty('open_files');
    monitor.close();
  });

  test('reports plausible real figures', async () => {
    const monitor = new PerformanceMonitor();
    monitor.sample();
    const [since, before] = [performance.now(), process.cpuUsage()];
    const usedMs = () => (process.cpuUsage(before).user + process.cpuUsage(before).system) / 1000;
    await sleep(50); // the delay is measured between ticks, so there must have been one
    while (usedMs() < 200); // this process works, and its event loop waits
    await sleep(50);
    const share = (100 * usedMs()) / (performance.now() - since); // little, where others work too
    const metrics = monitor.sample();
    for (const figure of Object.values(metrics)) expect(figure).toBeGreaterThanOrEqual(0);
    expect(metrics.cpu_percent).toBeGreaterThan(0);
    expect(metrics.cpu_percent).toBeLessThanOrEqual(100);
    expect(metrics.memory_percent).toBeGreaterThan(0);
    expect(metrics.memory_percent).toBeLessThan(100);
    expect(metrics['process_cpu_percent']).toBeGreaterThan(share / 2);
    expect(metrics['process_cpu_percent']).toBeLessThan(share * 2);
    expect(metrics['rss_bytes']).toBeGreaterThan(metrics['heap_used_bytes'] ?? Number.POSITIVE_INFINITY);
    expect(metrics['thread_count']).toBeGreaterThan(1);
    expect(metrics['open_files']).toBeGreaterThan(2);
    expect(metrics['event_loop_delay_p99_ms']).toBeGreaterThan(50);
    monitor.close();
  });
});

describe('health', () => {
  test.each([
    [70, 70, 50, 'healthy'],
    [70.1, 0, 0, 'warning'],
    [0, 70.1, 0, 'warning'],
    [0, 0, 51, 'warning'],
    [90, 90, 100, 'warning'],
    [90.1, 0, 0, 'error'],
    [0, 90.1, 0, 'error'],
    [0, 0, 101, 'error'],
  ])('with CPU %d %%, memory %d %% and %d errors is %s', (cpu_percent, memory_percent, errors, expected) => {
    expect(health({ cpu_percent, memory_percent }, errors)).toBe(expected);
  });
});

describe('integratePerformanceMonitor', () => {
  const monitors: PerformanceMonitor[] = [];
  afterEach(() => {
    vi.useRealTimers();
    for (const monitor of monitors.splice(0)) monitor.close();
  });

  /** A monitor that is closed when the test is over. */
  function watch(options?: ConstructorParameters<typeof PerformanceMonitor>[0]): PerformanceMonitor {
    const monitor = new PerformanceMonitor(options);
    monitors.push(monitor);
    return monitor;
  }

  async function setUp() {
    const broker = new MemoryBroker();
    const manager = new EventManager({ broker });
    const seen: AnyEvent[] = [];
    manager.addListener((event) => void seen.push(event));
    await manager.publish('system_status', status({ node: 'before' })); // the listener is attached once this arrives
    await eventually(() => expect(seen).toHaveLength(1));
    seen.length = 0;
    return { broker, manager, seen };
  }

  test('publishes at once, then at intervals, until it is stopped', async () => {
    const { manager, seen } = await setUp();
    const monitor = watch(fakeMachine());
    const reports = integratePerformanceMonitor(monitor, {
      manager,
      intervalMs: 20,
      node: 'n1',
      activeAgents: () => 5,
    });
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(3));
    reports.stop();
    expect(seen[0]).toMatchObject({
      event_type: 'system_status',
      data: {
        health_status: 'warning', // 75 % of memory
        performance_metrics: { cpu_percent: 10, memory_percent: 75, open_files: 156 },
        active_agents: 5,
        error_count: 0,
        metadata: { node: 'n1', pid: process.pid, uptime: expect.any(Number) },
      },
    });
    const { published } = manager.stats();
    await sleep(60);
    expect(manager.stats().published).toEqual(published);
    await manager.close();
  });

  test('reports the latency of all agents in the metrics, and each agent’s latency and errors in the metadata', async () => {
    const { manager, seen } = await setUp();
    const silent = {
      interactions: 0,
      errors: 2,
      lastLatencyMs: null,
      meanLatencyMs: null,
      maxLatencyMs: null,
    };
    const ego = { interactions: 3, errors: 0, lastLatencyMs: 90, meanLatencyMs: 100.4, maxLatencyMs: 130 };
    const self = { interactions: 1, errors: 1, lastLatencyMs: 500, meanLatencyMs: 500, maxLatencyMs: 500 };
    let agents: Record<string, typeof ego | typeof silent> = { shadow: silent };
    const reports = integratePerformanceMonitor(watch(fakeMachine()), {
      manager,
      intervalMs: 10,
      agents: () => agents,
    });
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(1));
    agents = { shadow: silent, ego, self };
    const all = {
      performance_metrics: { agent_latency_mean_ms: 200, agent_latency_max_ms: 500 },
      error_count: 0,
      metadata: {
        agents: {
          shadow: { interactions: 0, errors: 2, latency_last_ms: null },
          ego: { interactions: 3, errors: 0, latency_last_ms: 90, latency_mean_ms: 100, latency_max_ms: 130 },
          self: { errors: 1, latency_max_ms: 500 },
        },
      },
    };
    await eventually(() => expect(seen.at(-1)?.data).toMatchObject(all));
    reports.stop();
    expect(seen[0]?.data).not.toHaveProperty('performance_metrics.agent_latency_mean_ms');
    await manager.close();
  });

  test('counts the manager’s errors since the previous status', async () => {
    const { manager, seen } = await setUp();
    manager.addListener(() => {
      throw new Error('a listener fails');
    });
    const reports = integratePerformanceMonitor(watch(), { manager, intervalMs: 20 });
    await eventually(() =>
      expect(seen.map((event) => event.data)).toContainEqual(expect.objectContaining({ error_count: 1 })),
    );
    reports.stop();
    await manager.close();
  });

  test('logs a publish that fails, and does not throw', async () => {
    const { broker, manager } = await setUp();
    await broker.close();
    const warn = vi.fn();
    const logger = { debug: warn, info: warn, warn, error: warn };
    const reports = integratePerformanceMonitor(watch(), {
      manager,
      logger,
      intervalMs: 10,
    });
    await eventually(() => expect(warn.mock.calls.length).toBeGreaterThan(1));
    expect(warn).toHaveBeenCalledWith({ err: expect.any(Error) }, 'A system_status could not be published');
    reports.stop();
  });

  test.each([0, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])(
    'refuses an interval that no timer measures: %s',
    async (intervalMs) => {
      const { manager } = await setUp();
      expect(() => integratePerformanceMonitor(watch(), { manager, intervalMs })).toThrow(
        new TypeError(
          `integratePerformanceMonitor: intervalMs must be above 0 ms and at most 2147483647, not ${intervalMs}`,
        ),
      );
    },
  );
});

function status(metadata: { node: string }) {
  const performance_metrics = { cpu_percent: 0, memory_percent: 0 };
  return {
    health_status: 'healthy' as const,
    performance_metrics,
    active_agents: 0,
    error_count: 0,
    metadata,
  };
}
