import { type RedisServer, startRedis } from '../../test/setup/redis-server.ts';
import { Core } from './process.ts';

/** A Redis that is started when it is first asked for: on the core of the counting process, with the durability that the project asks for. */
export class LazyRedis implements AsyncDisposable {
  #server: Promise<RedisServer> | null = null;

  async url(): Promise<string> {
    this.#server ??= startRedis({
      args: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--server_cpulist', String(Core.CLIENT)],
    });
    return (await this.#server).url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that did not start has told whoever asked for it.
    const server = await this.#server?.catch(() => null);
    await server?.[Symbol.asyncDispose]();
  }
}
