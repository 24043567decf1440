import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSqlite } from '../../server/broker/sqlite/file/engine.ts';
import { stampOf, textOf } from '../../server/broker/sqlite/file/marks.ts';
import { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import type { SqliteBrokerOptions } from '../../server/broker/sqlite/sqlite-options.ts';

/** A directory with one log, which the brokers of a test open one after another. */
export class DiskFixture implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'psyche-'));
  readonly path = join(this.directory, 'psyche.db');
  readonly #brokers: SqliteBroker[] = [];
  #now = Date.now();

  passTime(ms: number): void {
    this.#now += ms;
  }

  async open(options: Partial<SqliteBrokerOptions> = {}): Promise<SqliteBroker> {
    const broker = await SqliteBroker.open({ path: this.path, now: () => this.#now, ...options });
    this.#brokers.push(broker);
    return broker;
  }

  /** Leaves the files as if the process of an open broker had been killed now. */
  async crash(broker: SqliteBroker): Promise<void> {
    const files = ['', '-wal', '-mark', '-count'].map((suffix) => `${this.path}${suffix}`);
    const contents = files.map((file) => readFileSync(file));
    await broker.close();
    for (const [index, file] of files.entries()) writeFileSync(file, contents[index] ?? '');
    this.forgeStamp();
  }

  /** Has the log take the files that are there now for those that it wrote last: a kill rewrites none of them. */
  forgeStamp(): void {
    const [count] = readFileSync(`${this.path}-count`, 'utf8').split(' ');
    writeFileSync(`${this.path}-count`, textOf(Number(count), stampOf(`${this.path}-mark`)));
  }

  /** Runs SQL on the closed file, as anybody can. */
  async query(sql: string): Promise<unknown[]> {
    const { DatabaseSync } = await loadSqlite();
    const db = new DatabaseSync(this.path);
    const rows = db.prepare(sql).all();
    db.close();
    return rows;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
