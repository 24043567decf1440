import type { Peer } from './peer.ts';

/** The part of Bun's server that this peer uses: https://bun.com/docs/api/websockets#publish-subscribe. */
interface BunRuntime {
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: Request, server: BunServer): Response | undefined;
    websocket: {
      open(ws: { subscribe(topic: string): void }): void;
      message(): void;
      close(): void;
    };
  }): BunServer;
}

interface BunServer {
  readonly port: number;
  upgrade(request: Request): boolean;
  publish(topic: string, text: string): number;
}

const TOPIC = 'events';

/** Bun's own `server.publish`, which is native code. Runs under Bun alone. */
export const bun: Peer = {
  handshake: { path: '/', opening: () => ({ ready: true }), step: () => ({}) },
  async serve() {
    const runtime = Reflect.get(globalThis, 'Bun') as BunRuntime;
    let subscribers = 0;
    const server = runtime.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 426 })),
      websocket: {
        open(ws) {
          ws.subscribe(TOPIC);
          subscribers++;
        },
        message() {},
        close() {
          subscribers--;
        },
      },
    });
    return {
      url: `ws://127.0.0.1:${server.port}`,
      publish: (event) => {
        server.publish(TOPIC, JSON.stringify(event));
      },
      subscribers: () => subscribers,
    };
  },
};
