/** One connection on which a node listens, to one server: it works wholly, or it is given up. */
import type { RedisOptions as ClientOptions } from 'ioredis';
import { CLIENT_OPTIONS, type Client, codeOf } from './connection.ts';
import { writing } from './script.ts';

/**
 * Says something on a channel. A script that may write is refused where nothing can be written or where the slot is not kept:
 * so what comes back comes from the server that changes are made on, and over a connection that they would come over.
 */
const SAY = writing(`redis.call(ARGV[1], KEYS[1], ARGV[2])\n`);

/** What a connection is subscribed to. */
export type Channel = { readonly name: string; readonly isSharded: boolean };

export type LinkEvents = {
  /** All channels are subscribed. */
  up(): void;
  /** It is over, for good. Called once. */
  down(): void;
  heard(channel: string, text: string): void;
};

export type FeedLink = {
  say(channel: Channel, text: string): Promise<void>;
  close(): void;
};

/** RESP3, so that what is said goes over the connection that listens. */
export const LISTENER_OPTIONS: ClientOptions = { ...CLIENT_OPTIONS, protocol: 3, retryStrategy: () => null };

export function openLink(client: Client, channels: readonly Channel[], events: LinkEvents): FeedLink {
  let isOver = false;
  const close = (): void => {
    if (isOver) return;
    isOver = true;
    client.disconnect();
    events.down();
  };
  const heard = (channel: string, text: string): void => {
    if (!isOver) events.heard(channel, text);
  };
  client.on('message', heard);
  client.on('smessage', heard);
  client.on('close', close);
  client.on('end', close);
  client.on('error', () => undefined);
  // the server took a subscription back: its slot is another node's now
  client.on('moved', close);

  const subscribe = async (): Promise<void> => {
    await client.connect();
    await Promise.all(
      channels.map(({ name, isSharded }) => (isSharded ? client.ssubscribe(name) : client.subscribe(name))),
    );
    if (!isOver) events.up();
  };
  subscribe().catch(close);

  const say = async ({ name, isSharded }: Channel, text: string): Promise<void> => {
    const command = isSharded ? 'SPUBLISH' : 'PUBLISH';
    try {
      await client.evalsha(SAY.sha, 1, name, command, text);
    } catch (error) {
      if (codeOf(error) !== 'NOSCRIPT') throw error;
      await client.eval(SAY.text, 1, name, command, text);
    }
  };
  return {
    async say(channel, text) {
      try {
        await say(channel, text);
      } catch {
        close();
      }
    },
    close,
  };
}
