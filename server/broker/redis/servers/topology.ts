import type { Redis } from 'ioredis';
import type { RedisConnectionOptions } from './connection.ts';

/** Finds the server of a key: the one thing in which Redis alone, behind Sentinels and as a Cluster differ. */
export interface Topology {
  /** Hosts and ports from the URL, for messages; never a password. */
  readonly address: string;
  /** The server that has a key; null while that is not known. */
  serverOf(key: string): string | null;
  /** Tells if a server has any key. */
  has(server: string): boolean;
  /** Opens a connection to a server. */
  open(server: string, options: RedisConnectionOptions): Redis;
  /** Notes that a slot is on another server now: a server answered so. */
  moved(slot: number, server: string): void;
  /**
   * Finds out anew which server has which key, because something failed as it does when keys have moved.
   * @param witness the server to ask first
   */
  refresh(witness?: string): Promise<void>;
  /** Calls the listener whenever a key has another server than before. */
  onChange(listener: () => void): void;
  close(): void;
}

/** Number of a Cluster's slots: each key belongs to one, and each slot to a server. */
export const SLOTS = 16_384;

/** The slot of a key: CRC16 (XMODEM) of the text in its first braces, or of the whole key if it has none. */
export function keySlot(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
