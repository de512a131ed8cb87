/**
 * Nodes, a store and a feed in one thread, on one invented clock: whatever can be late, lost, repeated or stopped is so by a
 * seed. What the nodes run is the product's own protocol; what is looked for is a check that says live too late.
 */
import { type Coherence, coherence, HORIZON_MS, type Origin, TRUST_MS } from '../../../src/sessions/coherence.ts';
import type { FeedMessage } from '../../../src/stores/feed.ts';

export type Mistake = { readonly kind: 'after its end was answered' | 'beyond the horizon'; readonly lateMs: number };

/** Makes a faulty protocol of a right one. */
export type Flaw = (protocol: Coherence, clock: { slow(work: () => void): void }) => Coherence;

const NODES = 3;
const ACCOUNTS = 2;
const LENGTH_MS = 3 * HORIZON_MS;

/** Numbers from 0 to 1 by a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Said = { readonly from: number; readonly message: FeedMessage };

/** What is to happen and when; of two at one time, the one that was planned first. */
class Agenda {
  readonly #times: number[] = [];
  readonly #works: (() => void)[] = [];

  add(at: number, work: () => void): void {
    const times = this.#times;
    // Sorted so that the next one is the last; lists are short.
    let place = times.length;
    while (place > 0 && (times[place - 1] ?? 0) <= at) place--;
    times.splice(place, 0, at);
    this.#works.splice(place, 0, work);
  }

  next(): { at: number; work: () => void } | null {
    const [at, work] = [this.#times.pop(), this.#works.pop()];
    return at === undefined || work === undefined ? null : { at, work };
  }
}

type Token = { isEnded: boolean; endedAt: number; answeredAt: number };

class World {
  readonly random: () => number;
  readonly agenda = new Agenda();
  readonly accounts: { tokens: Token[] }[] = [];
  readonly nodes: Node[] = [];
  readonly mistakes: Mistake[] = [];
  readonly trust: 'acked' | 'bounded';
  readonly flaw: Flaw | null;
  now = 0;

  constructor(seed: number, trust: 'acked' | 'bounded', flaw: Flaw | null) {
    this.random = seeded(seed);
    this.trust = trust;
    this.flaw = flaw;
    for (let account = 0; account < ACCOUNTS; account++) this.accounts.push({ tokens: [newToken()] });
    for (let node = 0; node < NODES; node++) this.nodes.push(new Node(this, node));
  }

  /** Mostly short, sometimes as long as the horizon and more. */
  delay(): number {
    const kind = this.random();
    const most = kind < 0.8 ? 20 : kind < 0.95 ? 300 : 1.5 * HORIZON_MS;
    return this.random() * most;
  }

  pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  after(ms: number, work: () => void): void {
    this.agenda.add(this.now + ms, work);
  }

  /** Says something to all who are connected now; to each it comes when it comes, and in its order. */
  say(said: Said): void {
    for (const node of this.nodes) node.receive(said);
  }

  run(): readonly Mistake[] {
    for (const node of this.nodes) node.plan();
    for (let next = this.agenda.next(); next !== null && next.at <= LENGTH_MS; next = this.agenda.next()) {
      this.now = next.at;
      next.work();
    }
    return this.mistakes;
  }

  judge(token: Token): void {
    const { answeredAt, endedAt } = token;
    if (this.trust === 'acked' && this.now > answeredAt)
      this.mistakes.push({ kind: 'after its end was answered', lateMs: this.now - answeredAt });
    if (this.now > endedAt + TRUST_MS)
      this.mistakes.push({ kind: 'beyond the horizon', lateMs: this.now - endedAt - TRUST_MS });
  }
}

const newToken = (): Token => ({
  isEnded: false,
  endedAt: Number.POSITIVE_INFINITY,
  answeredAt: Number.POSITIVE_INFINITY,
});

class Node {
  readonly #world: World;
  readonly #index: number;
  readonly #name: string;
  readonly #rate: number;
  readonly #protocol: Coherence;
  readonly #clock: () => number;
  readonly #remembered = new Map<Token, Origin>();
  readonly #waiting = new Set<() => void>();
  #skewMs = 0;
  #isUp = false;
  /** A connection's number: what was sent over an earlier one never comes. */
  #connection = 0;
  #deliveredUntil = 0;
  #stoppedUntil = 0;
  #notices = 0;

  constructor(world: World, index: number) {
    this.#world = world;
    this.#index = index;
    this.#name = `node${index}`;
    this.#rate = 1 + (world.random() - 0.5) * 0.08;
    this.#clock = () => world.now * this.#rate + this.#skewMs;
    const slow = (work: () => void): void => {
      this.#skewMs = -1e9;
      work();
      this.#skewMs = 0;
    };
    const right = coherence(this.#name, 1, this.#clock, 4);
    this.#protocol = world.flaw === null ? right : world.flaw(right, { slow });
  }

  /** What this node and its clients will do. */
  plan(): void {
    const world = this.#world;
    world.after(world.random() * 50, () => this.#connect());
    for (let at = world.random() * 200; at < LENGTH_MS; at += 150 + world.random() * 500)
      this.#on(at, () => this.#beat());
    for (let checks = 0; checks < 12; checks++) this.#on(world.random() * LENGTH_MS, () => this.#check());
    if (world.random() < 0.7) this.#on(world.random() * LENGTH_MS, () => this.#signIn());
    if (world.random() < 0.3) this.#on(world.random() * LENGTH_MS, () => this.#disconnect());
    if (world.random() < 0.3) world.after(world.random() * LENGTH_MS, () => this.#stop());
  }

  /** Something this node does, once it is not stopped. */
  #on(ms: number, work: () => void): void {
    this.#world.after(ms, () => this.#awake(work));
  }

  #awake(work: () => void): void {
    const leftMs = this.#stoppedUntil - this.#world.now;
    if (leftMs > 0) this.#world.after(leftMs, () => this.#awake(work));
    else work();
  }

  #stop(): void {
    this.#stoppedUntil = this.#world.now + this.#world.random() * 2 * HORIZON_MS;
  }

  #connect(): void {
    this.#isUp = true;
    this.#connection++;
    this.#deliveredUntil = this.#world.now;
    const connection = this.#connection;
    this.#on(this.#world.delay() / 10, () => {
      if (this.#isUp && connection === this.#connection) this.#protocol.up(0);
    });
  }

  #disconnect(): void {
    this.#isUp = false;
    // What is wrong with a connection is noticed late or at once.
    this.#on(this.#world.delay(), () => {
      this.#protocol.down(0);
      this.#on(this.#world.delay(), () => this.#connect());
    });
  }

  receive(said: Said): void {
    if (!this.#isUp) return;
    const connection = this.#connection;
    this.#deliveredUntil = Math.max(this.#deliveredUntil, this.#world.now + this.#world.delay());
    this.#on(this.#deliveredUntil - this.#world.now, () => {
      if (connection === this.#connection && this.#isUp) this.#hear(said);
    });
  }

  #hear({ from, message }: Said): void {
    const isOthersChange = this.#protocol.hear(0, message);
    this.#look();
    if (!isOthersChange || message.kind !== 'changed' || this.#world.random() < 0.1) return;
    const writer = this.#world.nodes[from];
    this.#on(this.#world.delay(), () => writer?.acknowledged(this.#name, message.number));
  }

  acknowledged(by: string, number: number): void {
    this.#awake(() => {
      this.#protocol.acknowledged(by, [number]);
      this.#look();
    });
  }

  #beat(): void {
    const count = this.#protocol.beat(0);
    if (count === null) return;
    const connection = this.#connection;
    this.#world.after(this.#world.delay(), () => {
      if (connection !== this.#connection || !this.#isUp) return;
      this.#world.say({ from: this.#index, message: { kind: 'beat', node: this.#name, count } });
    });
  }

  #check(): void {
    const account = this.#world.pick(ACCOUNTS);
    const { tokens } = this.#world.accounts[account] ?? { tokens: [] };
    const token = tokens[Math.max(0, tokens.length - 1 - this.#world.pick(2))];
    if (token === undefined) return;
    const origin = this.#remembered.get(token);
    if (origin !== undefined && this.#protocol.isCurrent(origin) && this.#protocol.isFresh(0, this.#clock())) {
      this.#world.judge(token);
      return;
    }
    const mark = this.#protocol.mark();
    this.#world.after(this.#world.delay(), () => {
      const isLive = !token.isEnded;
      this.#on(this.#world.delay(), () => {
        const read = this.#protocol.origin(0, account, mark);
        if (isLive && this.#protocol.isCurrent(read)) this.#remembered.set(token, read);
      });
    });
  }

  /** Ends the account's newest token and opens another. */
  #signIn(): void {
    const world = this.#world;
    const account = world.pick(ACCOUNTS);
    this.#notices++;
    const number = this.#notices;
    const isKilledBeforeItAnswers = world.random() < 0.1;
    world.after(world.delay(), () => {
      const tokens = world.accounts[account]?.tokens ?? [];
      const ended = tokens.filter(({ isEnded }) => !isEnded);
      for (const token of ended) Object.assign(token, { isEnded: true, endedAt: world.now });
      tokens.push(newToken());
      world.say({ from: this.#index, message: { kind: 'changed', node: this.#name, number, accountId: account } });
      if (isKilledBeforeItAnswers) return;
      this.#on(world.delay(), () => {
        const notice = { lane: 0, number, accountId: account };
        this.#protocol.made(notice);
        this.#wait(
          () => this.#protocol.leftMs(notice),
          () => {
            for (const token of ended) token.answeredAt = world.now;
          },
        );
      });
    });
  }

  /** Answers when nothing is left to wait for: that is looked at when something is heard, and when time is up. */
  #wait(leftMs: () => number, answer: () => void): void {
    if (this.#world.trust === 'bounded') {
      answer();
      return;
    }
    const look = (): void => {
      if (!this.#waiting.has(look)) return;
      const left = leftMs();
      if (left > 0) return;
      this.#waiting.delete(look);
      answer();
    };
    this.#waiting.add(look);
    look();
    // Its own clock may be slow: then it is looked at once more, a little later.
    for (const more of [0, 0.05]) this.#on((TRUST_MS * (1 + more)) / this.#rate + 1, look);
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** Runs one schedule. What it returns are checks that said live and must not have. */
export function simulate(seed: number, trust: 'acked' | 'bounded', flaw: Flaw | null = null): readonly Mistake[] {
  return new World(seed, trust, flaw).run();
}
