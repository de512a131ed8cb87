/** A connection that listens, and is made anew whenever it breaks. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Client } from 'pg';
import { plain, within } from './connections.ts';
import { quote } from './prepared.ts';

export type Listening = {
  /** Not connected yet. */
  readonly create: () => Client;
  /** All that is said on the first is `heard`; on the second one this listener alone is spoken to. */
  readonly channels: readonly [everybody: string, own: string];
  /** Says something by the way that changes take. */
  readonly say: (channel: string, text: string) => Promise<void>;
  readonly onUp: () => void;
  readonly onDown: () => void;
  readonly onMessage: (channel: string, text: string) => void;
};

export type Listener = {
  readonly isUp: () => boolean;
  /** The connection, where there is one that is up. */
  readonly client: () => Client | null;
  /** Gives the connection up and makes another. */
  reconnect(): void;
  close(): Promise<void>;
};

/** The shortest and the longest pause before the next try to connect. */
const [SHORTEST_MS, LONGEST_MS] = [100, 2_000];

/** What was said by the way that changes take is to come over this connection within that time. */
const PROOF_MS = 3_000;

/** Connects, and goes on connecting until it is closed. */
export function listen(listening: Listening): Listener {
  let current: Client | null = null;
  let isUp = false;
  let isClosed = false;
  let pauseMs = SHORTEST_MS;
  let timer: NodeJS.Timeout | null = null;

  const retry = (): void => {
    if (isClosed) return;
    timer = setTimeout(connect, randomInt(Math.floor(pauseMs / 2), pauseMs + 1)).unref();
    pauseMs = Math.min(LONGEST_MS, pauseMs * 2);
  };

  const lose = (client: Client): void => {
    if (current !== client) return;
    const wasUp = isUp;
    current = null;
    isUp = false;
    client.end().catch(() => undefined);
    if (wasUp) listening.onDown();
    retry();
  };

  const connect = (): void => {
    const client = listening.create();
    current = client;
    client.on('error', () => lose(client));
    client.on('end', () => lose(client));
    client.on('notification', ({ channel, payload = '' }) => {
      if (isUp && current === client) listening.onMessage(channel, payload);
    });
    begin(client, listening).then(
      () => {
        if (current !== client) return;
        isUp = true;
        pauseMs = SHORTEST_MS;
        listening.onUp();
      },
      () => lose(client),
    );
  };

  connect();
  return {
    isUp: () => isUp,
    client: () => (isUp ? current : null),
    reconnect() {
      if (current !== null) lose(current);
    },
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      const client = current;
      current = null;
      isUp = false;
      await client?.end();
    },
  };
}

/**
 * Connects, listens, and sees to it that what changes say is heard here: another database, and a server that nobody changes
 * any more, would be silent for ever. Rejects where it is not.
 */
export async function begin(client: Client, { channels, say }: Pick<Listening, 'channels' | 'say'>): Promise<void> {
  await client.connect();
  const listens = channels.map((channel) => `LISTEN ${quote(channel)}`);
  // What is said here changes nothing: to wait for the disk would hold up whoever has something to say.
  await client.query(plain(['SET synchronous_commit = off', ...listens].join('; ')));
  const [, own] = channels;
  const proof = `proof ${randomBytes(9).toString('hex')}`;
  const { promise, resolve } = Promise.withResolvers<void>();
  const hear = ({ channel, payload }: { channel: string; payload?: string | undefined }): void => {
    if (channel === own && payload === proof) resolve();
  };
  client.on('notification', hear);
  try {
    await within(PROOF_MS, Promise.all([promise, say(own, proof)]), { missed: 'what changes say was not heard' });
  } finally {
    client.off('notification', hear);
  }
}
