/**
 * What should be so after the steps so far, by Latchkey's promises and not by asking it: accounts and their passwords, which
 * keys are live and why the others are not, which mailed links are good, how many failures were counted.
 */
import type { Code } from 'latchkey';
import type { Apart } from './answer.ts';
import type { Profile } from './profile.ts';
import type { GivenUser } from './recording.ts';

/** `unknown` is of a hash whose password the recording does not tell. */
export type KnownPassword =
  | { readonly kind: 'text'; readonly text: string; readonly isImported: boolean }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'none' };

export type KnownAccount = {
  readonly id: number;
  username: string;
  readonly email: string;
  firstName: string;
  lastName: string;
  isVerified: boolean;
  isActive: boolean;
  /** Whether Django has the address in its table of addresses. */
  isListed: boolean;
  password: KnownPassword;
  /** The numbers of what they are connected with at providers. */
  connections: readonly number[];
  /** What is otherwise in the recording by now. */
  there: There;
};

/** An account as it was recorded, where a departure has made it another here. */
export type There = Partial<
  Pick<KnownAccount, 'username' | 'firstName' | 'lastName' | 'isVerified' | 'password'> & {
    readonly isMissing: boolean;
  }
>;

export type KnownSession = {
  readonly token: string;
  readonly accountId: number;
  /** Why it is over; null while it is live. */
  ended: Code | null;
  /** Whether it is over in the recording although it is live here. */
  isOverThere: boolean;
  /** Those of JWT mode. */
  readonly tokens: KnownToken[];
};

export type KnownToken = {
  readonly value: string;
  readonly type: 'access' | 'refresh';
  isExpired: boolean;
  /** Whether it was exchanged for another. */
  isUsed: boolean;
};

export type KnownLink = {
  readonly purpose: 'verify-email' | 'reset-password';
  readonly secret: string;
  readonly accountId: number;
  isGood: boolean;
  /** Whether a sign-in has voided it in Django. */
  isVoidInDjango: boolean;
};

/** Failures that an account may have within five minutes, and mails that an address may be sent within an hour. */
export const MOST_FAILURES = 10;
export const MOST_MAILS = 5;

export class World {
  readonly accounts: KnownAccount[];
  /** Accounts that were closed. */
  readonly closed: KnownAccount[] = [];
  readonly sessions: KnownSession[] = [];
  readonly links: KnownLink[] = [];
  readonly failures = new Map<string, number>();
  readonly mailsTo = new Map<string, number>();
  apart: Apart = { users: 0, verified: 0 };
  /** The last departure after which something is otherwise here than it was recorded, or null. */
  apartBy: string | null = null;
  /** Accounts that are there in the recording alone. */
  readonly onlyThere: KnownAccount[] = [];
  /** Those that are set up. */
  readonly providers: readonly string[];
  readonly #isCaseIgnored: boolean;
  #lastId: number;

  constructor(
    users: readonly GivenUser[],
    { hasAllauth }: Pick<Profile, 'hasAllauth'>,
    providers: readonly string[] = [],
  ) {
    this.providers = providers;
    this.#isCaseIgnored = hasAllauth;
    this.#lastId = users.length;
    this.accounts = users.map((user, index) => ({
      id: index + 1,
      username: user.username,
      email: user.email,
      firstName: user.firstName,
      lastName: user.lastName,
      isVerified: user.verified === true,
      isActive: user.isActive,
      isListed: user.verified !== null,
      password: knownPassword(user),
      connections: user.connections.map((_, at) => at + 1),
      there: {},
    }));
    for (const [index, { key, isActive }] of users.entries()) {
      const ended = isActive ? null : 'account_disabled';
      if (key !== null) this.sessions.push({ token: key, accountId: index + 1, ended, isOverThere: false, tokens: [] });
    }
  }

  byId(id: number): KnownAccount | null {
    return this.accounts.find((account) => account.id === id) ?? null;
  }

  /** The number that the next account gets. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  nameKey(username: string): string {
    const form = username.normalize('NFKC');
    return this.#isCaseIgnored ? form.toLowerCase() : form;
  }

  byUsername(username: string): KnownAccount | null {
    const key = this.nameKey(username);
    return this.accounts.find((account) => this.nameKey(account.username) === key) ?? null;
  }

  /** Whoever verified the address; where nobody did, all who named it. */
  byEmail(email: string): readonly KnownAccount[] {
    const key = email.toLowerCase();
    const named = this.accounts.filter((account) => account.email !== '' && account.email.toLowerCase() === key);
    const owner = named.find(({ isVerified }) => isVerified);
    return owner === undefined ? named : [owner];
  }

  sessionOf(token: string): KnownSession | null {
    return this.sessions.find((session) => session.token === token) ?? null;
  }

  /** A token of JWT mode, and whose it is. */
  tokenOf(value: string): { readonly session: KnownSession; readonly token: KnownToken } | null {
    for (const session of this.sessions) {
      const token = session.tokens.find((one) => one.value === value);
      if (token !== undefined) return { session, token };
    }
    return null;
  }

  /** So much time goes by that every token is over. */
  expireTokens(): void {
    for (const { tokens } of this.sessions) for (const token of tokens) token.isExpired = true;
  }

  liveOf(accountId: number): readonly KnownSession[] {
    return this.sessions.filter((session) => session.accountId === accountId && session.ended === null);
  }

  /** A sign-in: its session is the only one of its account, and links that Django ties to the last sign-in are void there. */
  open(account: KnownAccount, token: string): KnownSession {
    this.end(account.id, 'session_displaced', null);
    const session = { token, accountId: account.id, ended: null, isOverThere: false, tokens: [] };
    this.sessions.push(session);
    return session;
  }

  /** Ends the live sessions of an account, but for `kept`. */
  end(accountId: number, reason: Code, kept: KnownSession | null): void {
    for (const session of this.liveOf(accountId)) if (session !== kept) session.ended = reason;
  }

  add(account: NewAccount): KnownAccount {
    this.#lastId++;
    const added = newAccount(this.#lastId, account);
    this.accounts.push(added);
    return added;
  }

  /** The world as it was recorded, where that is another by now. */
  asRecorded(): World {
    const world = new World([], { hasAllauth: this.#isCaseIgnored }, this.providers);
    const kept = this.accounts.filter(({ there }) => there.isMissing !== true);
    world.accounts.push(...kept.map((account) => ({ ...account, ...account.there })), ...this.onlyThere);
    world.sessions.push(...this.sessions.map((session) => ({ ...session, ...(session.isOverThere && OVER) })));
    const isGood = ({ isGood, isVoidInDjango, purpose, accountId }: KnownLink): boolean =>
      isGood && !isVoidInDjango && !(purpose === 'verify-email' && world.byId(accountId)?.isVerified === true);
    world.links.push(...this.links.map((link) => ({ ...link, isGood: isGood(link) })));
    return world;
  }

  suspend(account: KnownAccount): void {
    account.isActive = false;
    this.end(account.id, 'account_disabled', null);
  }

  remove(account: KnownAccount): void {
    this.accounts.splice(this.accounts.indexOf(account), 1);
    this.closed.push(account);
    this.end(account.id, 'account_disabled', null);
  }

  link(purpose: KnownLink['purpose'], secret: string): KnownLink | null {
    return this.links.find((link) => link.purpose === purpose && link.secret === secret) ?? null;
  }

  /** Sets a password: with it go the links that were to set one. */
  setPassword(account: KnownAccount, text: string): void {
    account.password = { kind: 'text', text, isImported: false };
    for (const link of this.links) {
      if (link.purpose === 'reset-password' && link.accountId === account.id) link.isGood = false;
    }
  }

  count(counter: Map<string, number>, key: string): void {
    counter.set(key, (counter.get(key) ?? 0) + 1);
  }
}

const OVER = { ended: 'signed_out' } as const;

export type NewAccount = Pick<KnownAccount, 'username' | 'email' | 'password'>;

export function newAccount(id: number, account: NewAccount): KnownAccount {
  const names = { firstName: '', lastName: '', connections: [] };
  return { ...account, ...names, id, isVerified: false, isActive: true, isListed: true, there: {} };
}

function knownPassword({ password, passwordHash }: GivenUser): KnownPassword {
  if (passwordHash !== null) return { kind: 'unknown' };
  return password === null ? { kind: 'none' } : { kind: 'text', text: password, isImported: true };
}
