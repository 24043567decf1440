import { createReadStream } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** Linux's tables of TCP connections, for IPv4 and IPv6. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
/** A row with bytes that the peer has not taken: local address and port, remote ones, state, these bytes. */
const ROW = /^ *\d+: [\dA-F]+:([\dA-F]{4}) ([\dA-F]+:([\dA-F]{4})) [\dA-F]{2} (?!0{8})([\dA-F]{8}):/gm;

/** Bytes that the operating system holds for each connection until the peer takes them. */
export class Unacknowledged {
  readonly #bytes = new Map<string, number>();
  /** Remote ports of those: most connections are told apart by these, and cost no more. */
  readonly #ports = new Set<string>();

  /** @param tables text of the tables that Linux keeps */
  constructor(tables: readonly string[]) {
    for (const table of tables) this.#add(table);
  }

  /** Asks the system, a part at a time: others have their turns between. On one that has no such tables, nothing is known. */
  static async read(): Promise<Unacknowledged> {
    const unacknowledged = new Unacknowledged([]);
    await Promise.all(TABLES.map((path) => unacknowledged.#addFrom(path)));
    return unacknowledged;
  }

  /** Bytes of one connection; undefined where none are known of: it has none, or is not in the tables. */
  of(socket: Socket): number | undefined {
    if (this.#ports.size === 0) return undefined; // a socket that is asked for an address keeps it, some hundred bytes
    const port = hexPort(socket.remotePort ?? 0);
    if (!this.#ports.has(port)) return undefined;
    const { localPort = 0, remoteAddress = '' } = socket;
    return this.#bytes.get(`${hexPort(localPort)} ${hexAddress(remoteAddress)}:${port}`);
  }

  async #addFrom(path: string): Promise<void> {
    let rest = '';
    try {
      for await (const part of createReadStream(path, 'latin1')) {
        const text = rest + String(part);
        const end = text.lastIndexOf('\n') + 1;
        this.#add(text.slice(0, end));
        rest = text.slice(end);
      }
    } catch {
      // There is no such table.
    }
  }

  #add(rows: string): void {
    for (const [, localPort, remote, remotePort = '', hex = '0'] of rows.matchAll(ROW)) {
      this.#bytes.set(`${localPort} ${remote}`, Number.parseInt(hex, 16));
      this.#ports.add(remotePort);
    }
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
