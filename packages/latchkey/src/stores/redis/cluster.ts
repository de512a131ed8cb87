/**
 * The primaries of a Cluster, and which of them keeps which bucket. The client's own Cluster is not used: it sends again what may
 * have been done, fails a whole pipeline for one moved slot (https://github.com/redis/ioredis/issues/2075), and neither `WAIT`
 * nor a subscription can be tied to the node that a script ran on.
 */
import { StoreUnavailable } from '../store.ts';
import type { ClientFactory } from './client.ts';
import { type Call, Elsewhere, type Line, lineOf, type ReplicaWait } from './connection.ts';
import { LISTENER_OPTIONS } from './feed-link.ts';
import { BUCKETS, slotOfBucket } from './keys.ts';
import type { Place, Servers } from './servers.ts';
import { addressOf, type Endpoint } from './target.ts';

/** How often it is looked at who keeps what: always, and while a primary cannot be reached. */
const REFRESH_MS = 5000;
const REFRESH_ILL_MS = 250;

/** How many nodes are asked at once. */
const AT_ONCE = 3;

/** How often a call follows a slot that has moved. */
const MOVES = 2;

const SLOTS = Array.from({ length: BUCKETS }, (_, bucket) => slotOfBucket(bucket));

/** The address of the primary that keeps each bucket; null where none does. */
type Owners = readonly (string | null)[];

class Topology {
  readonly #seeds: readonly Endpoint[];
  readonly #make: ClientFactory;
  readonly #wait: ReplicaWait | null;
  readonly #lines = new Map<string, Line>();
  #owners: Owners = SLOTS.map(() => null);
  #places: readonly Place[] = [];
  #refreshing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #turn = 0;
  #isClosed = false;
  moved: () => void = () => undefined;

  constructor(seeds: readonly Endpoint[], make: ClientFactory, wait: ReplicaWait | null) {
    this.#seeds = seeds;
    this.#make = make;
    this.#wait = wait;
  }

  places(): readonly Place[] {
    return this.#places;
  }

  lineTo(address: string): Line {
    const existing = this.#lines.get(address);
    if (existing !== undefined) return existing;
    if (this.#isClosed) throw closed();
    const endpoint = endpointAt(address);
    const line = lineOf(address, (more) => this.#make(endpoint, more), this.#wait);
    this.#lines.set(address, line);
    return line;
  }

  owner(bucket: number): Line {
    if (this.#isClosed) throw closed();
    const address = this.#owners[bucket];
    if (address === null || address === undefined)
      throw new StoreUnavailable('No node of the Redis Cluster keeps what is asked for just now.');
    return this.lineTo(address);
  }

  /** Follows a bucket that has moved: a node that says so has done nothing, and knows better than what others say of it. */
  async follow<T>(bucket: number, work: (line: Line, isAsking: boolean) => Promise<T>, moves = MOVES): Promise<T> {
    try {
      return await work(this.owner(bucket), false);
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#lookSoon();
      if (!(error instanceof Elsewhere)) throw error;
      const line = await this.#reached(error.address);
      if (!error.isForGood) return await work(line, true);
      if (moves === 0) throw moving();
      this.#take(this.#owners.with(bucket, error.address));
      this.#lookSoon(error.address);
      return await this.follow(bucket, work, moves - 1);
    }
  }

  /** Asks who keeps what: whom another node named, else the primaries that are known, then those of the URL. */
  refresh(named?: string): Promise<void> {
    this.#refreshing ??= this.#refresh(named).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  watch(): void {
    const look = (): void => {
      this.refresh()
        .catch(() => undefined)
        .finally(() => this.#later(look));
    };
    this.#later(look);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  #later(look: () => void): void {
    if (this.#isClosed) return;
    const isWell = this.#owners.every((address) => address !== null && this.#lines.get(address)?.isReady() === true);
    this.#timer = setTimeout(look, isWell ? REFRESH_MS : REFRESH_ILL_MS).unref();
  }

  #lookSoon(named?: string): void {
    if (!this.#isClosed) void this.refresh(named).catch(() => undefined);
  }

  async #reached(address: string): Promise<Line> {
    const line = this.lineTo(address);
    if (!line.isReady()) await line.connect().catch(() => undefined);
    return line;
  }

  async #refresh(named?: string): Promise<void> {
    const owners = (named === undefined ? null : await this.#ask(named).catch(() => null)) ?? (await this.#askSome());
    if (this.#isClosed) return;
    this.#take(owners);
    await Promise.all(this.#places.map(({ address }) => this.#reached(address)));
  }

  async #askSome(): Promise<Owners> {
    const known = this.#places.map(({ address }) => address);
    const turn = this.#turn++ % Math.max(1, known.length);
    const all = [...new Set([...known.slice(turn), ...known.slice(0, turn), ...this.#seeds.map(addressOf)])];
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const answers = all.slice(at, at + AT_ONCE).map((address) => this.#ask(address));
      // one that does not answer must not keep the others from being heard
      const owners = await Promise.any(answers).catch(() => null);
      if (owners !== null) return owners;
    }
    throw new StoreUnavailable('No node of the Redis Cluster can be reached.');
  }

  async #ask(address: string): Promise<Owners> {
    const line = await this.#reached(address);
    return ownersIn(await line.send('CLUSTER', ['SLOTS']), endpointAt(address));
  }

  #take(owners: Owners): void {
    const hasMoved = owners.some((address, bucket) => address !== this.#owners[bucket]);
    if (!hasMoved) return;
    this.#owners = owners;
    const addresses = [...new Set(owners)].filter((address) => address !== null);
    this.#places = addresses.map((address) => ({
      address,
      buckets: SLOTS.map((_, bucket) => bucket).filter((bucket) => owners[bucket] === address),
    }));
    for (const [address, line] of this.#lines) {
      if (addresses.includes(address)) continue;
      this.#lines.delete(address);
      line.close(`Redis at ${address} is no primary of the Cluster any more.`);
    }
    this.moved();
  }
}

/** Connects to every primary; rejects where none of the nodes can be asked. */
export async function openCluster(
  seeds: readonly Endpoint[],
  make: ClientFactory,
  wait: ReplicaWait | null,
): Promise<Servers> {
  const topology = new Topology(seeds, make, wait);
  try {
    await topology.refresh();
  } catch (error) {
    topology.close();
    throw error;
  }
  topology.watch();
  const run = async (line: Line, call: Call, isAsking: boolean): Promise<unknown> => {
    if (!isAsking) return await line.run(call);
    if (call.script.isReaching) throw moving();
    return await line.runAsking(call);
  };
  return {
    isCluster: true,
    run: (bucket, call) => topology.follow(bucket, (line, isAsking) => run(line, call, isAsking)),
    send: (bucket, command, ...values) => topology.follow(bucket, (line) => line.send(command, values)),
    places: () => topology.places(),
    lineTo: (address) => topology.lineTo(address),
    listener: (address) => make(endpointAt(address), LISTENER_OPTIONS),
    refresh: () => topology.refresh(),
    onMove(moved) {
      topology.moved = moved;
    },
    close: () => topology.close(),
  };
}

function moving(): StoreUnavailable {
  return new StoreUnavailable('A slot of the Redis Cluster is moving.');
}

function closed(): StoreUnavailable {
  return new StoreUnavailable('The store is closed.');
}

function endpointAt(address: string): Endpoint {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(address.slice(colon + 1)) };
}

type SlotRange = readonly [first: number, last: number, primary: readonly [host: string | null, port: number]];

/** Who keeps each bucket, by the reply of `CLUSTER SLOTS`. A node that names no host of its own is where it was asked. */
function ownersIn(reply: unknown, asked: Endpoint): Owners {
  const ranges = reply as readonly SlotRange[];
  return SLOTS.map((slot) => {
    const range = ranges.find(([first, last]) => first <= slot && slot <= last);
    if (range === undefined) return null;
    const [host, port] = range[2];
    return addressOf({ host: host === null || host === '' || host === '?' ? asked.host : host, port });
  });
}
