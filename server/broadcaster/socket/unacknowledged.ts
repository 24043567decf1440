import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** Linux's tables of TCP connections, for IPv4 and IPv6. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
/** A row: local address and port, remote ones, state, bytes sent that the peer has not taken. */
const ROW = /^ *\d+: [\dA-F]+:([\dA-F]{4}) ([\dA-F]+:[\dA-F]{4}) [\dA-F]{2} ([\dA-F]{8}):/gm;

/** Bytes that the operating system holds for each connection until the peer takes them. */
export class Unacknowledged {
  readonly #bytes = new Map<string, number>();

  /** @param tables text of the tables that Linux keeps */
  constructor(tables: readonly string[]) {
    for (const table of tables) {
      for (const [, localPort, remote, hex = '0'] of table.matchAll(ROW)) {
        this.#bytes.set(`${localPort} ${remote}`, Number.parseInt(hex, 16));
      }
    }
  }

  /** Asks the system. On one that has no such tables, nothing is known of any connection. */
  static async read(): Promise<Unacknowledged> {
    const tables = await Promise.all(TABLES.map((path) => readFile(path, 'latin1').catch(() => '')));
    return new Unacknowledged(tables);
  }

  /** Bytes of one connection; undefined where they are not known: on another system, or of one that is not in the tables. */
  of({ localPort = 0, remoteAddress = '', remotePort = 0 }: Socket): number | undefined {
    if (this.#bytes.size === 0) return undefined;
    const key = `${hexPort(localPort)} ${hexAddress(remoteAddress)}:${hexPort(remotePort)}`;
    return this.#bytes.get(key);
  }
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** An address as Linux prints it: words of four bytes, each in the machine's own order. */
function hexAddress(address: string): string {
  const words = address.includes(':') ? wordsOfV6(address) : [wordOfV4(address)];
  return words.map((word) => (endianness() === 'LE' ? swapBytes(word) : word)).join('');
}

function wordOfV4(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return bytes.join('').toUpperCase();
}

/** `::ffff:127.0.0.1`, `fe80::1%eth0` and the like. */
function wordsOfV6(address: string): string[] {
  const [plain = ''] = address.split('%', 1);
  const [head = [], tail = []] = plain.split('::').map((part) =>
    part
      .split(':')
      .filter((group) => group !== '')
      .map((group) => (group.includes('.') ? wordOfV4(group) : group.toUpperCase().padStart(4, '0'))),
  );
  const missing = 32 - head.join('').length - tail.join('').length;
  const hex = `${head.join('')}${'0'.repeat(Math.max(0, missing))}${tail.join('')}`;
  return hex.match(/.{8}/g) ?? [];
}

function swapBytes(word: string): string {
  return word.match(/../g)?.reverse().join('') ?? word;
}
