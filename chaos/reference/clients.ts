/** Clients of the model, whose calls overlap and whose answers get lost: histories that are right by construction. */
import type { Check, Entry, Operation, Outcome } from '../history.ts';
import type { Rules } from '../rules.ts';
import type { Seeded } from '../seeded.ts';
import { type Account, type Flaw, Model, type Session, type Times } from './model.ts';
import { type Timeline, timeline } from './timeline.ts';

export type Wanted = {
  readonly random: Seeded;
  readonly rules: Rules;
  readonly operations: number;
  readonly accounts: number;
  readonly clients: number;
  readonly flaw: Flaw | null;
};

/** One run of the model, as a history with all that is kept in the end. */
export function referenceHistory(wanted: Wanted): Entry[] {
  const entries: Entry[] = [{ op: 'run', rules: wanted.rules, seed: 0, store: 'reference' }];
  const write = (entry: Entry): void => void entries.push(entry);
  const model = new Model(write, wanted);
  const queue = timeline();
  const clients = new Clients(model, queue, write, wanted.operations);
  clients.signUp();
  for (let client = 1; client <= wanted.clients; client++) clients.start(`${client}`);
  model.writeKept(queue.run() + 1);
  return entries;
}

/** Whoever has no answer by then gives up. */
const TIMEOUT_MS = 600;

type Caller = { readonly client: string; readonly now: number };

/** What came about, or null where it was refused. */
type Act<Seen> = (times: Times, i: number) => { readonly seen: Seen } | null;

const DONE = { seen: null };

class Clients {
  readonly #model: Model;
  readonly #random: Seeded;
  readonly #queue: Timeline;
  readonly #write: (entry: Entry) => void;
  readonly #operations: number;
  #made = 0;

  constructor(model: Model, queue: Timeline, write: (entry: Entry) => void, operations: number) {
    this.#model = model;
    this.#random = model.random;
    this.#queue = queue;
    this.#write = write;
    this.#operations = operations;
  }

  signUp(): void {
    for (const { number, identifier, password } of this.#model.accounts) {
      const asked = { i: ++this.#made, client: '0', node: '1', called: 0, returned: 1, outcome: 'done' } as const;
      this.#write({ op: 'sign-up', ...asked, token: null, device: null, password, account: number, identifier });
    }
  }

  start(client: string): void {
    this.#queue.at(this.#random.between(2, 5), (now) => this.#goOn({ client, now }));
  }

  #goOn(caller: Caller): void {
    if (this.#made >= this.#operations) return;
    const returned = this.#step(caller);
    const { client } = caller;
    this.#queue.at(returned + this.#random.between(0, 3), (now) => this.#goOn({ client, now }));
  }

  #step(caller: Caller): number {
    const account = this.#random.pick(this.#model.accounts);
    const turn = this.#random.next();
    if (account.known.length === 0 || turn < 0.15) return this.#signIn(caller, account);
    const session = this.#random.pick(account.known.slice(-5));
    if (turn < 0.2) return this.#signOut(caller, session);
    if (turn < 0.22) return this.#endAll(caller, account);
    if (turn < 0.25) return this.#newPassword(caller, account);
    if (turn < 0.29) return this.#changeState(caller, account);
    if (turn < 0.32) return this.#setRoles(caller, account);
    return this.#check(caller, session);
  }

  #signIn(caller: Caller, account: Account): number {
    const password = this.#random.chance(0.8) ? account.password : this.#random.pick(account.passwords);
    const sent = this.#random.chance(0.3) && account.known.length > 0 ? this.#random.pick(account.known).device : null;
    return this.#perform<Session>(
      caller,
      (times, opener) => {
        const session = this.#model.open(account, { device: sent, opener, password }, times);
        return session === null ? null : { seen: session };
      },
      (asked, session) => {
        if (session !== null) account.known.push(session);
        const opening = { token: session?.token ?? null, device: session?.device ?? sent, password };
        return { op: 'sign-in', ...asked, ...opening, account: account.number };
      },
    );
  }

  #check(caller: Caller, session: Session): number {
    const model = this.#model;
    return this.#perform<Pick<Check, 'verdict' | 'roles' | 'account'>>(
      caller,
      ({ point }) => {
        if (model.verdictOn(session, point) === 'dead')
          return { seen: { verdict: 'dead', roles: null, account: null } };
        const { account } = session;
        return { seen: { verdict: 'live', roles: model.rolesOf(account, point), account: account.number } };
      },
      (asked, seen) => {
        const none = { verdict: 'none', roles: null, account: null } as const;
        return { op: 'check', ...asked, token: session.token, why: null, ...(seen ?? none) };
      },
    );
  }

  #signOut(caller: Caller, session: Session): number {
    const op = this.#random.chance(0.5) ? 'sign-out' : 'end-session';
    return this.#perform(
      caller,
      (times) => {
        this.#model.end(session, times, 'signed_out');
        return DONE;
      },
      (asked) => ({ op, ...asked, account: session.account.number, token: session.token }),
    );
  }

  #endAll(caller: Caller, account: Account): number {
    const kept = this.#random.chance(0.5) && account.known.length > 0 ? this.#random.pick(account.known) : null;
    return this.#perform(
      caller,
      (times) => (this.#model.endAll(account, times, 'revoked', kept) ? DONE : null),
      (asked) => ({ op: 'end-all', ...asked, account: account.number, kept: kept?.token ?? null }),
    );
  }

  #newPassword(caller: Caller, account: Account): number {
    const password = `password ${this.#made} of ${account.number}`;
    const kept = this.#random.chance(0.5) ? this.#random.pick(account.known) : null;
    const link = `link ${Math.floor(this.#made / 40)} of ${account.number}`;
    const artefact = kept === null ? link : null;
    account.passwords.push(password);
    return this.#perform(
      caller,
      (times) => (this.#model.newPassword(account, { password, kept, artefact }, times) ? DONE : null),
      (asked) => {
        const op = kept === null ? 'reset-password' : 'change-password';
        return { op, ...asked, account: account.number, kept: kept?.token ?? null, password, artefact };
      },
    );
  }

  #changeState(caller: Caller, account: Account): number {
    const isSuspension = !account.isSuspended && this.#random.chance(0.7);
    return this.#perform(
      caller,
      (times) => {
        this.#model.setSuspended(account, isSuspension, times);
        return DONE;
      },
      (asked) => ({ op: isSuspension ? 'suspend' : 'reactivate', ...asked, account: account.number }),
    );
  }

  #setRoles(caller: Caller, account: Account): number {
    const roles = `roles ${this.#made}`;
    return this.#perform(
      caller,
      (times) => {
        this.#model.setRoles(account, roles, times);
        return DONE;
      },
      (asked) => ({ op: 'set-roles', ...asked, account: account.number, roles }),
    );
  }

  /** Lets an operation come about at its moment, and writes down what its caller was told. Returns when that was. */
  #perform<Seen>(
    { client, now }: Caller,
    act: Act<Seen>,
    entryOf: (asked: Operation, seen: Seen | null) => Entry,
  ): number {
    const i = ++this.#made;
    const times = this.#timesFrom(now);
    let came: ReturnType<Act<Seen>> = null;
    if (times.point < Number.POSITIVE_INFINITY) {
      this.#queue.at(times.point, () => {
        came = act(times, i);
      });
    }
    const { called, returned, isAnswered } = times;
    this.#queue.at(returned, () => {
      const outcome: Outcome = isAnswered ? (came === null ? 'refused' : 'done') : 'unknown';
      const asked = { i, client, node: `${this.#random.integer(1, 3)}`, called, returned, outcome };
      this.#write(entryOf(asked, isAnswered ? (came?.seen ?? null) : null));
    });
    return returned;
  }

  #timesFrom(called: number): Times {
    const random = this.#random;
    const isAnswered = random.chance(0.95);
    if (isAnswered) {
      const point = called + random.between(0.1, random.chance(0.1) ? 60 : 6);
      return { called, point, returned: point + random.between(0.1, 6), isAnswered };
    }
    const late = called + random.between(0, TIMEOUT_MS * 1.5);
    const point = random.chance(0.5) ? late : Number.POSITIVE_INFINITY;
    return { called, point, returned: called + TIMEOUT_MS, isAnswered };
  }
}
