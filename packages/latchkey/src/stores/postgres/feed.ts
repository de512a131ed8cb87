/**
 * How nodes on one database hear of each other: by NOTIFY, whose messages stand in one queue for all, in the order of commits.
 * A node's beats are sent on the connection that it listens on, and come back to it out of that queue.
 */
import { hash, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import type { AccountId } from '../../model/account.ts';
import {
  type Feed,
  type FeedLine,
  type FeedMember,
  feedMessageOf,
  feedText,
  type NodeId,
  type Notice,
} from '../feed.ts';
import { ANSWER_MS } from './connections.ts';
import { begin as beginListening, type Listener, listen } from './listener.ts';
import type { Prepare } from './prepared.ts';
import { notify } from './statements.ts';
import type { Announcing } from './transaction.ts';

export type Hub = Announcing & {
  /** A change was committed: awaited before it is answered. */
  committed(notice: Notice): Promise<void>;
  readonly feed: Feed | null;
  /** Rejects where a connection to listen on cannot be made, or hears nothing of what changes say. */
  prove(): Promise<void>;
  /** Calls back when sessions changed on any node, and now and then: openings are announced by nobody. */
  watch(onChange: () => void): () => void;
  close(): Promise<void>;
};

export type HubParts = {
  readonly names: FeedNames;
  readonly prepare: Prepare;
  /** A connection to listen on, not connected yet; null where there is no way to one. */
  readonly create: (() => Client) | null;
  /** Says something by the way that changes take. */
  readonly say: (channel: string, text: string) => Promise<void>;
};

export type FeedNames = {
  readonly node: NodeId;
  /** What all nodes hear. */
  readonly channel: string;
  /** What is told to one node alone. */
  channelOf(node: NodeId): string;
};

/** Of a channel's name, in bytes: 63 with a node's behind it. */
const LONGEST_NAME = 50;

const WATCH_EVERY_MS = 500;

/** Numbers that are acknowledged in one message, of less than 8000 bytes. */
const ACKNOWLEDGED_AT_ONCE = 400;

export function feedNames(schema: string): FeedNames {
  const name = `latchkey_${schema}`;
  const channel = Buffer.byteLength(name) <= LONGEST_NAME ? name : `latchkey_${hash('sha256', schema).slice(0, 32)}`;
  return { node: randomBytes(6).toString('hex'), channel, channelOf: (node) => `${channel}_${node}` };
}

export function openHub({ names, prepare, create, say }: HubParts): Hub {
  const { node, channel } = names;
  const own = names.channelOf(node);
  const watchers = new Set<() => void>();
  let member: FeedMember | null = null;
  let listener: Listener | null = null;
  let notices = 0;

  const tellWatchers = (): void => {
    for (const onChange of watchers) onChange();
  };

  const onMessage = (on: string, text: string): void => {
    if (on === own) {
      const [by = '', numbers = ''] = text.split(' ');
      if (by !== 'proof') member?.acknowledged(by, numbers.split(',').map(Number));
      return;
    }
    const message = feedMessageOf(text);
    if (message === null) return;
    member?.heard(0, message);
    if (message.kind === 'changed') tellWatchers();
  };

  /** Listens as long as anybody wants to hear. */
  const begin = (): void => {
    if (create === null || listener !== null) return;
    listener = listen({
      create,
      channels: [channel, own],
      say,
      onMessage,
      onUp() {
        member?.up(0);
        tellWatchers();
      },
      onDown: () => member?.down(0),
    });
  };

  const endIfUnheard = async (): Promise<void> => {
    if (member !== null || watchers.size > 0) return;
    const last = listener;
    listener = null;
    await last?.close();
  };

  /** What cannot be sent is lost. */
  const send = async (on: string, text: string): Promise<void> => {
    const query = prepare(notify({ channel: on, text }, 'postgres'), ANSWER_MS);
    await listener
      ?.client()
      ?.query(query)
      .catch(() => undefined);
  };

  const lineOf = (joined: FeedMember): FeedLine => ({
    beat: (_, count) => void send(channel, feedText({ kind: 'beat', node, count })),
    acknowledge(writer, numbers) {
      for (let at = 0; at < numbers.length; at += ACKNOWLEDGED_AT_ONCE) {
        void send(names.channelOf(writer), `${node} ${numbers.slice(at, at + ACKNOWLEDGED_AT_ONCE).join(',')}`);
      }
    },
    leave: () => send(channel, feedText({ kind: 'left', node })),
    reconnect: () => listener?.reconnect(),
    async close() {
      if (member === joined) member = null;
      await endIfUnheard();
    },
  });

  const feed: Feed = {
    node,
    lanes: 1,
    laneOf: () => 0,
    join(joining) {
      member = joining;
      begin();
      queueMicrotask(() => {
        if (member === joining && listener?.isUp() === true) joining.up(0);
      });
      return lineOf(joining);
    },
  };

  return {
    notice: (accountId: AccountId) => ({ lane: 0, number: ++notices, accountId }),
    query: ({ number, accountId }) =>
      notify({ channel, text: feedText({ kind: 'changed', node, number, accountId }) }, 'postgres'),
    committed: async (notice) => await member?.committed(notice),
    feed: create === null ? null : feed,
    async prove() {
      const client = create?.();
      if (client === undefined) return;
      client.on('error', () => undefined);
      try {
        await beginListening(client, { channels: [channel, own], say });
      } finally {
        client.end().catch(() => undefined);
      }
    },
    watch(onChange) {
      watchers.add(onChange);
      begin();
      const timer = setInterval(onChange, WATCH_EVERY_MS).unref();
      return () => {
        clearInterval(timer);
        watchers.delete(onChange);
        void endIfUnheard();
      };
    },
    async close() {
      member = null;
      watchers.clear();
      await endIfUnheard();
    },
  };
}
