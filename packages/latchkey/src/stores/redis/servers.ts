/** The servers that keep the buckets: one, the one that Sentinels call the primary, or the primaries of a Cluster. */
import type { RedisOptions as ClientOptions } from 'ioredis';
import type { ClientFactory } from './client.ts';
import { type Call, type Client, type Line, lineOf, type ReplicaWait } from './connection.ts';
import { LISTENER_OPTIONS } from './feed-link.ts';
import { BUCKETS } from './keys.ts';
import { addressOf, type Target } from './target.ts';

/** A server, and the buckets that it keeps. */
export type Place = { readonly address: string; readonly buckets: readonly number[] };

export type Servers = {
  readonly isCluster: boolean;
  /** Runs a script where a bucket is kept. */
  run(bucket: number, call: Call): Promise<unknown>;
  /** A command about one key, as `run`. */
  send(bucket: number, command: string, ...values: readonly (string | number)[]): Promise<unknown>;
  places(): readonly Place[];
  /** The line to a place. */
  lineTo(address: string): Line | null;
  /** A connection to a place for whoever listens there: it does not come back by itself. */
  listener(address: string): Client;
  /** Looks again at who keeps what. */
  refresh(): Promise<void>;
  /** Calls back, at once, when somebody else keeps a bucket. */
  onMove(moved: () => void): void;
  close(): void;
};

/** Connects. Rejects with `StoreUnavailable` where it cannot be reached, and nothing is left open then. */
export async function openOne(target: Target, make: ClientFactory, wait: ReplicaWait | null): Promise<Servers> {
  const [first] = target.endpoints;
  const isNamed = target.kind === 'sentinel';
  const address = isNamed ? `the primary ${target.primaryName}` : addressOf(first);
  const client = (more: ClientOptions): Client => make(isNamed ? null : first, more);
  const line = lineOf(address, client, wait);
  try {
    await line.connect();
  } catch (error) {
    line.close();
    throw error;
  }
  const places: readonly Place[] = [{ address, buckets: Array.from({ length: BUCKETS }, (_, bucket) => bucket) }];
  return {
    isCluster: false,
    run: (_, call) => line.run(call),
    send: (_, command, ...values) => line.send(command, values),
    places: () => places,
    lineTo: () => line,
    listener: () => client(LISTENER_OPTIONS),
    refresh: async () => undefined,
    onMove: () => undefined,
    close: () => line.close(),
  };
}
