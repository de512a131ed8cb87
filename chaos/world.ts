/** What the driver knows of accounts and tokens, by the answers that it had. It may be behind: it says where to look, and proves nothing. */
import { readToken } from '../packages/latchkey/src/crypto/token.ts';
import type { Key } from '../packages/latchkey/test/dpop/prover.ts';
import type { TokenHash } from './history.ts';
import type { Seeded } from './seeded.ts';

export type KnownToken = {
  readonly token: string;
  readonly hash: TokenHash;
  readonly account: KnownAccount;
  /** What the device says to be known again. */
  readonly deviceToken: string | null;
  /** What it is bound to; null where it is enough by itself. */
  readonly key: Key | null;
  /** Its session's public id, once a check has told it. */
  session: string | null;
};

export type KnownAccount = {
  readonly number: number;
  readonly username: string;
  readonly email: string;
  /** By their names, the newest last; more than one may be in force where a change had no answer. */
  readonly passwords: string[];
  /** Believed to be live, the newest first. */
  readonly tokens: KnownToken[];
};

/** Probes go for so many of those that died last: most often for the very last, which somebody may still remember. */
const DEAD_KEPT = 400;
const JUST_DEAD = 40;
const PASSWORDS_KEPT = 6;

export class World {
  readonly accounts: KnownAccount[] = [];
  /** Those that have just died, as far as is known, the newest last. */
  readonly dead: KnownToken[] = [];
  readonly #limit: number;
  readonly #links = new Map<number, ((token: string) => void)[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes note of a token. Returns those that it will have displaced. */
  opened(account: KnownAccount, given: Pick<KnownToken, 'token' | 'deviceToken' | 'key'>): KnownToken[] {
    const { hash } = identified(given.token);
    const { tokens } = account;
    const device = deviceOf(given.deviceToken);
    const gone = tokens.filter((other) => device !== null && deviceOf(other.deviceToken) === device);
    tokens.unshift({ ...given, hash, account, session: null });
    gone.push(...tokens.filter((other) => !gone.includes(other)).slice(this.#limit));
    for (const token of gone) this.died(token);
    return gone;
  }

  died(token: KnownToken): void {
    const at = token.account.tokens.indexOf(token);
    if (at < 0) return;
    token.account.tokens.splice(at, 1);
    this.dead.push(token);
    if (this.dead.length > DEAD_KEPT) this.dead.shift();
  }

  allDied(account: KnownAccount, kept: KnownToken | null): void {
    for (const token of [...account.tokens]) if (token !== kept) this.died(token);
  }

  newPassword(account: KnownAccount, password: string): void {
    account.passwords.push(password);
    if (account.passwords.length > PASSWORDS_KEPT) account.passwords.shift();
  }

  /** The token of the next mailed link that resets this account's password. */
  nextLink(account: number): Promise<string> {
    return new Promise((resolve) => this.#links.set(account, [...(this.#links.get(account) ?? []), resolve]));
  }

  mailed(uid: string, token: string): void {
    const account = Number.parseInt(uid, 36);
    for (const resolve of this.#links.get(account) ?? []) resolve(token);
    this.#links.delete(account);
  }
}

/** A token that has died, as far as is known; null while there is none. */
export function deadToken({ dead }: World, random: Seeded): KnownToken | null {
  const among = random.chance(0.7) ? dead.slice(-JUST_DEAD) : dead;
  return among.length === 0 ? null : random.pick(among);
}

/** A password that is likely to be in force. */
export function likelyPassword({ passwords }: KnownAccount, random: Seeded): string {
  return (random.chance(0.7) ? passwords.at(-1) : undefined) ?? random.pick(passwords);
}

/** The whole of a password, by its name. */
export function passwordText(name: string): string {
  return `${name} correct horse`;
}

/** Whose a token is, and how a history names it. */
export function identified(token: string): { readonly account: number; readonly hash: TokenHash } {
  const read = readToken(token);
  if (read === null || read.accountId === null) throw new Error('A node answered with what is no token.');
  return { account: read.accountId, hash: Buffer.from(read.hash).toString('hex') };
}

/** The id in a device's token. */
export function deviceOf(deviceToken: string | null): string | null {
  return /^ld_([0-9A-Za-z]{22})_/.exec(deviceToken ?? '')?.[1] ?? null;
}
