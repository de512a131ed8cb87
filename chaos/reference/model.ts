/** A model of what is right: accounts and sessions in memory, on which operations come about one after the other. */
import type { Entry, TokenHash } from '../history.ts';
import type { Rules } from '../rules.ts';
import type { Seeded } from '../seeded.ts';

/** What is broken on purpose. */
export type Flaw =
  | 'displaces nobody'
  | 'remembers too long'
  | 'forgets a session'
  | 'revives a session'
  | 'ignores a suspension'
  | 'keeps old passwords'
  | 'spends twice'
  | 'numbers at random'
  | 'keeps old roles'
  | 'tells nobody';

export type Session = {
  readonly token: TokenHash;
  readonly account: Account;
  readonly sequence: number;
  readonly device: string;
  readonly opener: number;
  end: { readonly reason: string; readonly by: Session | null } | null;
  /** Until then a node that remembers it may take it for live. */
  staleUntil: number;
};

export type Account = {
  readonly number: number;
  readonly identifier: string;
  readonly live: Session[];
  /** Those that a client was told of. */
  readonly known: Session[];
  readonly passwords: string[];
  password: string;
  roles: string;
  oldRoles: { readonly roles: string; readonly until: number } | null;
  isSuspended: boolean;
  sequence: number;
};

/** When an operation is called, comes about (`Infinity`: never), and is answered. */
export type Times = {
  readonly called: number;
  readonly point: number;
  readonly returned: number;
  readonly isAnswered: boolean;
};

/** With the flaw that makes nodes remember too long, by so much. */
const TOO_LONG_MS = 200;

export class Model {
  readonly accounts: readonly Account[];
  readonly random: Seeded;
  readonly flaw: Flaw | null;
  readonly #rules: Rules;
  readonly #sessions: Session[] = [];
  readonly #spent = new Set<string>();
  readonly #write: (entry: Entry) => void;
  #position = 0;

  constructor(
    write: (entry: Entry) => void,
    given: { readonly random: Seeded; readonly rules: Rules; readonly accounts: number; readonly flaw: Flaw | null },
  ) {
    this.#write = write;
    this.random = given.random;
    this.#rules = given.rules;
    this.flaw = given.flaw;
    this.accounts = Array.from({ length: given.accounts }, (_, index) => accountOf(index + 1));
  }

  /** null where the password is wrong or the account is suspended. */
  open(
    account: Account,
    given: { readonly device: string | null; readonly opener: number; readonly password: string },
    times: Times,
  ): Session | null {
    const isRight = this.flaw === 'keeps old passwords' || given.password === account.password;
    if (!isRight || (account.isSuspended && this.flaw !== 'ignores a suspension')) return null;
    const number = this.#sessions.length;
    const session: Session = {
      token: `token ${number}`,
      account,
      sequence: this.flaw === 'numbers at random' ? this.random.integer(1, 1_000_000) : ++account.sequence,
      device: given.device ?? `device ${number}`,
      opener: given.opener,
      end: null,
      staleUntil: Number.POSITIVE_INFINITY,
    };
    this.#makeRoom(session, times);
    account.live.push(session);
    this.#sessions.push(session);
    if (this.flaw === 'forgets a session' && this.random.chance(0.05)) account.live.pop();
    return session;
  }

  #makeRoom(session: Session, times: Times): void {
    const isSame = ({ device }: Session): boolean => device === session.device;
    const others = session.account.live.filter((other) => !isSame(other));
    const surplus = this.flaw === 'displaces nobody' ? 0 : Math.max(0, others.length + 1 - this.#rules.limit);
    for (const victim of [...session.account.live.filter(isSame), ...others.slice(0, surplus)]) {
      this.end(victim, times, 'displaced', session);
    }
  }

  /** Ended again, it is still over, and whoever is answered may rely on that. */
  end(session: Session, times: Times, reason: string, by: Session | null = null): void {
    session.staleUntil = Math.min(session.staleUntil, this.#forgottenAt(times));
    if (session.end !== null) return;
    session.end = { reason, by };
    const { live, number: account } = session.account;
    live.splice(live.indexOf(session), 1);
    this.#position += this.random.integer(1, 3);
    const ending = { session: `session of ${session.token}`, position: this.#position, reason };
    this.#write({ op: 'kept-ending', account, ...ending });
    const listeners = this.flaw === 'tells nobody' && this.random.chance(0.2) ? 0 : this.random.integer(1, 3);
    for (let node = 0; node < listeners; node++) {
      this.#write({ op: 'heard', node: `${node}`, at: times.point + node, ...ending });
    }
  }

  /** false where the session that asked for it, and is to be kept, is over. */
  endAll(account: Account, times: Times, reason: string, kept: Session | null): boolean {
    if (kept !== null && kept.end !== null) return false;
    const remembered = account.known.filter(({ staleUntil }) => staleUntil > times.point);
    for (const session of new Set([...remembered, ...account.live])) {
      if (session !== kept) this.end(session, times, reason);
    }
    return true;
  }

  newPassword(
    account: Account,
    given: { readonly password: string; readonly kept: Session | null; readonly artefact: string | null },
    times: Times,
  ): boolean {
    const { kept, artefact, password } = given;
    const isVoid = artefact !== null && this.#spent.has(artefact) && this.flaw !== 'spends twice';
    if (isVoid || account.isSuspended) return false;
    if (!this.endAll(account, times, 'password_changed', kept)) return false;
    if (artefact !== null) this.#spent.add(artefact);
    account.password = password;
    return true;
  }

  setSuspended(account: Account, isSuspended: boolean, times: Times): void {
    account.isSuspended = isSuspended;
    if (isSuspended) this.endAll(account, times, 'account_disabled', null);
  }

  setRoles(account: Account, roles: string, times: Times): void {
    const isKept = this.flaw === 'keeps old roles';
    const until = isKept ? times.point + this.#rules.horizonMs + TOO_LONG_MS : this.#forgottenAt(times);
    account.oldRoles = { roles: account.roles, until };
    account.roles = roles;
  }

  verdictOn({ end, account, staleUntil, token }: Session, now: number): 'live' | 'dead' {
    if (end === null) return account.live.some((session) => session.token === token) ? 'live' : 'dead';
    if (this.flaw === 'revives a session' && this.random.chance(0.05)) return 'live';
    return now < staleUntil && this.random.chance(0.5) ? 'live' : 'dead';
  }

  rolesOf({ roles, oldRoles }: Account, now: number): string {
    return oldRoles !== null && now < oldRoles.until && this.random.chance(0.5) ? oldRoles.roles : roles;
  }

  writeKept(at: number): void {
    for (const { number, identifier, isSuspended } of this.accounts) {
      const state = isSuspended ? 'suspended' : 'active';
      this.#write({ op: 'kept-account', account: number, identifiers: [identifier], state });
    }
    for (const session of this.#sessions) {
      const { account, token, sequence, device, opener, end } = session;
      this.#write({
        op: 'kept-session',
        account: account.number,
        session: `session of ${token}`,
        token,
        sequence,
        device,
        opener,
        isLive: account.live.includes(session),
        reason: end?.reason ?? null,
        endedBy: end === null || end.by === null ? null : `session of ${end.by.token}`,
      });
    }
    this.#write({ op: 'kept-all', at });
  }

  /** Whoever may remember an ended session, or older roles, does so for no longer than this. */
  #forgottenAt({ point, returned, isAnswered }: Times): number {
    const { mode, horizonMs } = this.#rules;
    if (this.flaw === 'remembers too long') return point + horizonMs + TOO_LONG_MS;
    if (mode === 'strict') return point;
    return mode === 'acked' && isAnswered ? Math.min(point + horizonMs, returned) : point + horizonMs;
  }
}

function accountOf(number: number): Account {
  const password = `password of ${number}`;
  return {
    number,
    identifier: `account ${number}`,
    live: [],
    known: [],
    passwords: [password],
    password,
    roles: '',
    oldRoles: null,
    isSuspended: false,
    sequence: 0,
  };
}
