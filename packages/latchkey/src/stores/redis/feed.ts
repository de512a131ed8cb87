/** How nodes on one Redis hear of each other: Pub/Sub stand-alone, with a lane for each bucket (sharded Pub/Sub) in a Cluster. */
import { randomBytes } from 'node:crypto';
import type { AccountId } from '../../model/account.ts';
import { type Feed, type FeedLine, type FeedMember, feedMessageOf, feedText, type Notice } from '../feed.ts';
import { type Channel, type FeedLink, openLink } from './feed-link.ts';
import { BUCKETS, bucketOf, bucketOfText, type Names } from './keys.ts';
import type { Place, Servers } from './servers.ts';
import type { Announcer } from './sessions.ts';

const RECONNECT_MS = { first: 50, most: 1000 } as const;

/** How long it may take to say goodbye. */
const LEAVE_MS = 1000;

type FeedParts = { readonly servers: Servers; readonly names: Names; readonly database: number };

/** The feed, and who announces on it. */
export type RedisFeed = { readonly feed: Feed; readonly announcer: Announcer; close(): Promise<void> };

export function redisFeed(parts: FeedParts): RedisFeed {
  const node = randomBytes(9).toString('base64url');
  const { isCluster } = parts.servers;
  const laneOf = (accountId: AccountId): number => (isCluster ? bucketOf(accountId) : 0);
  const channels = channelsOf(parts);
  let member: FeedMember | null = null;
  let line: Line | null = null;
  let number = 0;

  const feed: Feed = {
    node,
    lanes: isCluster ? BUCKETS : 1,
    laneOf,
    join(joining) {
      if (member !== null) throw new Error('A node is on the feed already.');
      member = joining;
      line = new Line(parts, channels, node, joining, () => {
        member = null;
      });
      return line;
    },
  };
  const announcer: Announcer = {
    announce(accountId) {
      const notice: Notice = { lane: laneOf(accountId), number: ++number, accountId };
      const channel = channels.lane(notice.lane);
      const text = feedText({ kind: 'changed', node, number: notice.number, accountId });
      return {
        channel: channel.name,
        values: [channel.isSharded ? 'SPUBLISH' : 'PUBLISH', text],
        committed: async () => await member?.committed(notice),
      };
    },
  };
  return { feed, announcer, close: async () => await line?.close() };
}

type Channels = {
  lane(lane: number): Channel;
  acknowledgements(node: string): Channel;
  /** The lanes that are kept at a place. */
  lanesAt(place: Place): readonly number[];
};

function channelsOf({ servers: { isCluster }, names, database }: FeedParts): Channels {
  const sharded = (name: string): Channel => ({ name, isSharded: isCluster });
  return {
    lane: (lane) => sharded(isCluster ? names.lane(lane) : names.feed(database)),
    acknowledgements: (node) => sharded(names.acknowledgements(node, bucketOfText(node))),
    lanesAt: ({ buckets }) => (isCluster ? buckets : [0]),
  };
}

/** A connection to a place, as it is just now. */
type Held = {
  readonly place: Place;
  readonly lanes: readonly number[];
  link: FeedLink | null;
  isUp: boolean;
  tries: number;
};

class Line implements FeedLine {
  readonly #parts: FeedParts;
  readonly #channels: Channels;
  readonly #node: string;
  readonly #member: FeedMember;
  readonly #left: () => void;
  readonly #held = new Map<string, Held>();
  readonly #laneOfChannel = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(parts: FeedParts, channels: Channels, node: string, member: FeedMember, left: () => void) {
    this.#parts = parts;
    this.#channels = channels;
    this.#node = node;
    this.#member = member;
    this.#left = left;
    parts.servers.onMove(() => this.#follow());
    // whoever joins has the line before the first lane is up
    queueMicrotask(() => this.#follow());
  }

  beat(lane: number, count: number): void {
    this.#say(lane, feedText({ kind: 'beat', node: this.#node, count }));
  }

  acknowledge(writer: string, notices: readonly number[]): void {
    const { servers } = this.#parts;
    const { name, isSharded } = this.#channels.acknowledgements(writer);
    const text = `${this.#node} ${notices.join(',')}`;
    // lost, it costs the writer a wait
    servers.send(bucketOfText(writer), isSharded ? 'SPUBLISH' : 'PUBLISH', name, text).catch(() => undefined);
  }

  async leave(): Promise<void> {
    const text = feedText({ kind: 'left', node: this.#node });
    const up = [...this.#held.values()].filter(({ isUp }) => isUp);
    const said = up.flatMap(({ lanes, link }) => lanes.map((lane) => link?.say(this.#channels.lane(lane), text)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([Promise.all(said), promise]);
    clearTimeout(timer);
  }

  reconnect(lane: number): void {
    this.#at(lane)?.link?.close();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const held of [...this.#held.values()]) held.link?.close();
    this.#held.clear();
    this.#left();
  }

  #at(lane: number): Held | undefined {
    return [...this.#held.values()].find(({ lanes }) => lanes.includes(lane));
  }

  #say(lane: number, text: string): void {
    const held = this.#at(lane);
    if (held?.isUp === true) void held.link?.say(this.#channels.lane(lane), text);
  }

  /** Listens where the lanes are kept, and nowhere else. */
  #follow(): void {
    if (this.#isClosed) return;
    const places = this.#parts.servers.places();
    for (const [address, held] of [...this.#held]) {
      const place = places.find((one) => one.address === address);
      if (place?.buckets.join() === held.place.buckets.join()) continue;
      this.#held.delete(address);
      held.link?.close();
    }
    for (const place of places) {
      if (this.#held.has(place.address)) continue;
      const held: Held = { place, lanes: this.#channels.lanesAt(place), link: null, isUp: false, tries: 0 };
      this.#held.set(place.address, held);
      this.#open(held);
    }
  }

  #open(held: Held): void {
    const { place, lanes } = held;
    const channels = lanes.map((lane) => this.#channels.lane(lane));
    for (const [at, lane] of lanes.entries()) this.#laneOfChannel.set(channels[at]?.name ?? '', lane);
    const own = this.#channels.acknowledgements(this.#node);
    const isOwnHere = place.buckets.includes(bucketOfText(this.#node));
    held.link = openLink(this.#parts.servers.listener(place.address), isOwnHere ? [...channels, own] : channels, {
      up: () => {
        held.isUp = true;
        held.tries = 0;
        for (const lane of lanes) this.#member.up(lane);
      },
      down: () => {
        const wasUp = held.isUp;
        held.isUp = false;
        held.link = null;
        if (wasUp) for (const lane of lanes) this.#member.down(lane);
        this.#later(held);
      },
      heard: (channel, text) => {
        if (channel === own.name) this.#acknowledged(text);
        else if (held.isUp) this.#heard(channel, text);
      },
    });
  }

  /** Tries again, where the place is still one of those that count. */
  #later(held: Held): void {
    if (this.#isClosed || this.#held.get(held.place.address) !== held) return;
    const delay = Math.min(RECONNECT_MS.first * 2 ** Math.min(held.tries++, 10), RECONNECT_MS.most);
    const timer = setTimeout(async () => {
      this.#timers.delete(timer);
      await this.#parts.servers.refresh().catch(() => undefined);
      if (!this.#isClosed && this.#held.get(held.place.address) === held) this.#open(held);
    }, delay).unref();
    this.#timers.add(timer);
  }

  #heard(channel: string, text: string): void {
    const lane = this.#laneOfChannel.get(channel);
    const message = feedMessageOf(text);
    if (lane !== undefined && message !== null) this.#member.heard(lane, message);
  }

  #acknowledged(text: string): void {
    const [by, notices] = text.split(' ');
    if (by !== undefined && notices !== undefined) this.#member.acknowledged(by, notices.split(',').map(Number));
  }
}
