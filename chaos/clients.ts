/** Clients that wait for their answers, and probes that do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Acts, type ActsParts, type At } from './acts.ts';
import type { Seeded } from './seeded.ts';
import type { Node } from './supervisor.ts';
import { deadToken, type KnownAccount, type KnownToken, type World } from './world.ts';

export type ClientsOptions = Omit<ActsParts, 'random'> & {
  readonly random: Seeded;
  readonly nodes: readonly Node[];
  readonly clients: number;
  readonly accounts: number;
  /** What is done so much more often than usual. */
  readonly more: readonly Share[];
};

export type Share = readonly [share: number, what: Doing];

/** How often each thing is done, of all that clients do; the rest are checks. */
const MIX: readonly Share[] = [
  [0.08, 'sign in'],
  [0.013, 'sign out'],
  [0.007, 'end another'],
  [0.003, 'end others'],
  [0.001, 'end all'],
  [0.002, 'change the password'],
  [0.001, 'reset the password'],
  [0.002, 'suspend'],
  [0.004, 'change roles'],
  [0.001, 'sign up twice'],
  [0.005, 'list'],
  [0.01, 'show a proof again'],
];

type Doing =
  | 'sign in'
  | 'sign out'
  | 'end another'
  | 'end others'
  | 'end all'
  | 'change the password'
  | 'reset the password'
  | 'suspend'
  | 'change roles'
  | 'sign up twice'
  | 'list'
  | 'show a proof again'
  | 'check';

const PROBE_EVERY_MS = 4;
/** Probes that wait for a node that stands still must not pile up for ever. */
const MOST_PROBES = 400;
const SIGN_UPS_AT_ONCE = 8;
const SIGN_UP_TURNS = 5;
const CHECKS_AROUND = 6;
const AROUND_MS = 12;
/** Within this a node that was killed is back. */
const SHOWN_AGAIN_WITHIN_MS = 1_500;
const LINK_WITHIN_MS = 8_000;

export class Clients {
  readonly #world: World;
  readonly #acts: Acts;
  readonly #random: Seeded;
  readonly #probing: Seeded;
  readonly #nodes: readonly Node[];
  readonly #count: number;
  readonly #accounts: number;
  readonly #mix: readonly Share[];
  readonly #probes = new Set<Promise<void>>();
  #isOver = false;
  #racers = 0;

  constructor({ world, record, random, nodes, clients, accounts, more }: ClientsOptions) {
    this.#world = world;
    this.#random = random.fork('clients');
    this.#probing = random.fork('probes');
    this.#acts = new Acts({ world, record, random: random.fork('acts') });
    this.#nodes = nodes;
    this.#count = clients;
    this.#accounts = accounts;
    this.#mix = [...more, ...MIX];
  }

  /** Makes the accounts that all contend for, before there are any faults. */
  async signUpAll(): Promise<void> {
    for (let n = 1; n <= this.#accounts; n += SIGN_UPS_AT_ONCE) {
      const count = Math.min(SIGN_UPS_AT_ONCE, this.#accounts + 1 - n);
      const made = Array.from({ length: count }, (_, more) => this.#signUpFirst(n + more));
      this.#world.accounts.push(...(await Promise.all(made)));
    }
  }

  /** Whoever gets no answer on a busy machine comes again, by another name: theirs may be taken by then. */
  async #signUpFirst(n: number): Promise<KnownAccount> {
    for (let turn = 0; turn < SIGN_UP_TURNS; turn++) {
      const name = turn === 0 ? `user${n}` : `user${n}again${turn}`;
      const account = await this.#acts.signUp(this.#at('setup'), { username: name, email: `${name}@example.com` });
      if (account !== null) return account;
    }
    throw new Error(`user${n} could not sign up: the nodes do not work at all.`);
  }

  /** Goes on until `stop`. */
  async run(): Promise<void> {
    const clients = Array.from({ length: this.#count }, (_, n) => this.#client(`client ${n}`));
    await Promise.all([...clients, this.#probe()]);
    await Promise.all(this.#probes);
  }

  stop(): void {
    this.#isOver = true;
  }

  async #client(client: string): Promise<void> {
    while (!this.#isOver) {
      const at = this.#at(client);
      await this.#doOne(at);
      // What nobody is there to answer is not asked again at once.
      await sleep(this.#random.between(0, 2));
    }
  }

  #at(client: string): At {
    return { client, node: this.#random.pick(this.#nodes) };
  }

  #chosen(): Doing {
    let turn = this.#random.next();
    for (const [share, what] of this.#mix) {
      if (turn < share) return what;
      turn -= share;
    }
    return 'check';
  }

  async #doOne(at: At): Promise<void> {
    const account = this.#random.pick(this.#world.accounts);
    const [newest, ...older] = account.tokens;
    const doing = this.#chosen();
    if (doing === 'sign in' || newest === undefined) return await this.#signIn(at, account);
    const token = this.#random.pick(account.tokens);
    switch (doing) {
      case 'sign out':
        return await this.#acts.signOut(at, token);
      case 'end another':
        return await this.#acts.endSession(at, newest, older[0] ?? newest);
      case 'end others':
        return await this.#acts.endOthers(at, token);
      case 'end all':
        return await this.#acts.endAll(at, account);
      case 'change the password':
        return await this.#acts.changePassword(at, token);
      case 'reset the password':
        return await this.#resetTwice(at, account);
      case 'suspend':
        return await this.#suspend(at, account);
      case 'change roles':
        return await this.#acts.setRoles(at, account);
      case 'sign up twice':
        return await this.#signUpTwice(at);
      case 'list':
        return await this.#acts.list(at, token);
      case 'show a proof again':
        return await this.#showAgain(at.client, account.tokens.find(({ key }) => key !== null) ?? token);
      case 'check': {
        const dead = this.#random.chance(0.15) ? deadToken(this.#world, this.#random) : null;
        return await this.#acts.check(at, dead ?? token);
      }
    }
  }

  /** Around a sign-in the account's tokens are checked everywhere; and once it is answered, what it displaced. */
  async #signIn(at: At, account: KnownAccount): Promise<void> {
    const current = [...account.tokens];
    for (let n = 0; n < CHECKS_AROUND && current.length > 0; n++) {
      const token = this.#probing.pick(current);
      const node = this.#probing.pick(this.#nodes);
      this.#later(this.#probing.between(0, AROUND_MS), node, token);
    }
    const displaced = await this.#acts.signIn(at, account);
    for (const token of displaced) for (const node of this.#nodes) this.#later(0, node, token);
  }

  /** At two nodes at once, and once more when either may have been started anew. */
  async #showAgain(client: string, token: KnownToken): Promise<void> {
    const later = sleep(this.#random.between(0, SHOWN_AGAIN_WITHIN_MS), this.#at(client));
    await this.#acts.showAgain([this.#at(client), this.#at(client), later], token);
  }

  /** Two nodes are asked at once to use one link. */
  async #resetTwice(at: At, account: KnownAccount): Promise<void> {
    const link = this.#world.nextLink(account.number);
    await this.#acts.askForLink(at, account);
    const token = await Promise.race([link, sleep(LINK_WITHIN_MS, null, { ref: false })]);
    if (token === null) return;
    const other = this.#at(at.client);
    await Promise.all([this.#acts.resetPassword(at, account, token), this.#acts.resetPassword(other, account, token)]);
  }

  /** Nobody stays out: without that, a run would have nothing left to do. */
  async #suspend(at: At, account: KnownAccount): Promise<void> {
    const signingIn = this.#acts.signIn(this.#at(at.client), account);
    await Promise.all([this.#acts.suspend(at, account), signingIn]);
    await sleep(this.#random.between(5, 80));
    for (let isIn = false; !isIn; ) {
      isIn = await this.#acts.reactivate(this.#at(at.client), account);
      if (!isIn) await sleep(50);
    }
  }

  async #signUpTwice(at: At): Promise<void> {
    const name = `Racer${++this.#racers}`;
    await Promise.all([
      this.#acts.signUp(at, { username: name, email: '' }),
      this.#acts.signUp(this.#at(at.client), { username: name.toLowerCase(), email: '' }),
    ]);
  }

  /** Sends a check of a token that has just died every few milliseconds, however long answers take. */
  async #probe(): Promise<void> {
    const startedAt = performance.now();
    for (let sent = 0; !this.#isOver; ) {
      const due = Math.floor((performance.now() - startedAt) / PROBE_EVERY_MS);
      // After a stall of the driver itself, a few are enough.
      for (sent = Math.max(sent, due - 5); sent < due; sent++) {
        const dead = deadToken(this.#world, this.#probing);
        if (dead !== null) this.#later(0, this.#probing.pick(this.#nodes), dead);
      }
      await sleep(1);
    }
  }

  #later(ms: number, node: Node, token: KnownToken): void {
    if (this.#probes.size >= MOST_PROBES) return;
    const at = { client: 'probe', node };
    const probe = (ms > 0 ? sleep(ms) : Promise.resolve())
      .then(() => this.#acts.check(at, token, node.probes))
      .finally(() => this.#probes.delete(probe));
    this.#probes.add(probe);
  }
}
