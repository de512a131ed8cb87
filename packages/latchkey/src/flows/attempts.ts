/**
 * How often somebody may try. An attempt is counted before anything costly is done for it, so that two hundred at once are no
 * more than ten, and taken back when it succeeds. Keys are pseudonyms: no address and no name is kept.
 */
import type { AccountId } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { Rate } from '../model/settings.ts';
import type { Take } from '../stores/store.ts';
import type { Parts } from './parts.ts';

export type Attempt = {
  /** Whose credential is tried: an account's, or that of a name that nobody has, in its canonical form. */
  readonly whose: { readonly key: string; readonly rowMs: number };
  /** The account's device that tries, or null. A known device has tries of its own: no stranger can use them up. */
  readonly deviceId: string | null;
  /** The client's network, or null where it is not known. */
  readonly network: string | null;
};

export type CountedAttempt = {
  /** It succeeded: it does not count against its account or network, and the row of failures is over. */
  succeeded(): Promise<void>;
  /** Does what was counted. Where that throws (busy, the store is ill), nothing was tried, and nothing counts. */
  during<T>(work: () => Promise<T>): Promise<T>;
};

/** A row of failures without a success is counted for as long as it goes on. */
const FOR_EVER_MS = 10 * 365 * 24 * 3_600_000;

/** A name that nobody has is counted alike, and forgotten after a month: anybody may make up any number of names. */
const NOBODYS_ROW_MS = 30 * 24 * 3_600_000;

const UNCOUNTED: CountedAttempt = {
  succeeded: async () => undefined,
  during: (work) => work(),
};

/** Under what the attempts on an account are counted. */
export function ofAccount(id: AccountId): Attempt['whose'] {
  return { key: String(id), rowMs: FOR_EVER_MS };
}

/** Under what the attempts on a name are counted that no account has. Never the same as an account's number. */
export function ofNobody(typed: string): Attempt['whose'] {
  return { key: `nobody ${typed}`, rowMs: NOBODYS_ROW_MS };
}

/** Counts an attempt. Throws the refusal `too_many_attempts`, alike for accounts that are there and that are not. */
export async function countAttempt(parts: Parts, attempt: Attempt): Promise<CountedAttempt> {
  const { attempts } = parts.settings;
  if (attempts === 'off') return UNCOUNTED;
  const { key: whose, rowMs } = attempt.whose;

  const isKnown = attempt.deviceId !== null;
  const own = isKnown ? nameOf(parts, 'device', `${whose} ${attempt.deviceId}`) : nameOf(parts, 'account', whose);
  const row = nameOf(parts, 'row', whose);
  const takes: Take[] = [{ key: own, ...attempts.perAccount }];
  if (!isKnown) takes.push({ key: row, limit: attempts.consecutive, windowMs: rowMs });
  if (attempt.network !== null) takes.push({ key: nameOf(parts, 'network', attempt.network), ...attempts.perNetwork });
  await takeAll(parts, takes);

  const counted = takes.map(({ key }) => key);
  const undone = (): Promise<void> => parts.store.counters.settle({ giveBack: counted });
  return {
    async succeeded() {
      await parts.store.counters.settle({ giveBack: counted.filter((key) => key !== row), clear: [row] });
    },
    during: (work) =>
      work().catch(async (error: unknown) => {
        await undone();
        throw error;
      }),
  };
}

/** So many codes may be tried with one ticket, however many devices try. */
const CODES_PER_TICKET = { limit: 5, windowMs: 3_600_000 };

/** So many codes in a row may be wrong for an account: then a recovery code is wanted, or an operator. */
const CODES_PER_ACCOUNT = { limit: 100, windowMs: FOR_EVER_MS };

/**
 * Counts a try of a code of six digits, which can be guessed: by its ticket (or the session that it is for), and by its account.
 * Throws as above.
 */
export async function countCode(
  parts: Parts,
  { accountId, ticket }: { readonly accountId: AccountId; readonly ticket: string | null },
): Promise<{ succeeded(): Promise<void> }> {
  if (parts.settings.attempts === 'off') return { succeeded: async () => undefined };
  const row = nameOf(parts, 'codes', String(accountId));
  const ofTicket = ticket === null ? [] : [{ key: nameOf(parts, 'ticket', ticket), ...CODES_PER_TICKET }];
  await takeAll(parts, [{ key: row, ...CODES_PER_ACCOUNT }, ...ofTicket]);
  const giveBack = ofTicket.map(({ key }) => key);
  return { succeeded: () => parts.store.counters.settle({ giveBack, clear: [row] }) };
}

/** So many mailed codes may be tried for an address, however often one is asked for; its links work all the same. */
const CODES_PER_ADDRESS = { limit: 5, windowMs: 3_600_000 };

/** Counts a try of a mailed code: by its ticket, and by its address, whoever has that. Throws as above. */
export async function countMailCode(
  parts: Parts,
  { counted, ticket }: { readonly counted: string; readonly ticket: string },
): Promise<{ succeeded(): Promise<void> }> {
  if (parts.settings.attempts === 'off') return { succeeded: async () => undefined };
  const row = nameOf(parts, 'mail-codes', counted);
  await takeAll(parts, [
    { key: row, ...CODES_PER_ADDRESS },
    { key: nameOf(parts, 'mail-ticket', ticket), ...CODES_PER_TICKET },
  ]);
  return { succeeded: () => parts.store.counters.settle({ clear: [row] }) };
}

/** Its owner has proved to have the account's mail: strangers' failures no longer keep anybody out. */
export async function forgetFailures(parts: Parts, id: AccountId): Promise<void> {
  if (parts.settings.attempts === 'off') return;
  const { key } = ofAccount(id);
  await parts.store.counters.settle({ clear: [nameOf(parts, 'account', key), nameOf(parts, 'row', key)] });
}

function nameOf(parts: Parts, kind: string, of: string): string {
  return `${kind}:${parts.keys.pseudonym('attempts', of)}`;
}

/** Takes one of a rate. Throws the refusal `too_many_attempts` where there is none left. */
export async function takeOne(parts: Parts, kind: string, of: string, rate: Rate): Promise<void> {
  await takeAll(parts, [{ key: nameOf(parts, kind, of), ...rate }]);
}

export type Allowance = { readonly kind: string; readonly of: string; readonly rate: Rate };

/** Takes one of each, for what must not show: false where there was none left. One call, whatever comes of it. */
export async function takeQuietly(parts: Parts, allowances: readonly Allowance[]): Promise<readonly boolean[]> {
  if (allowances.length === 0) return [];
  const takes = allowances.map(({ kind, of, rate }) => ({ key: nameOf(parts, kind, of), ...rate }));
  return (await parts.store.counters.take(takes)).map(({ isWithin }) => isWithin);
}

/** Nothing more than an hour is worth waiting for: past that, a mailed link is the way in. */
const LONGEST_WAIT_MS = 3_600_000;

async function takeAll(parts: Parts, takes: readonly Take[]): Promise<void> {
  const taken = await parts.store.counters.take(takes);
  const over = taken.filter(({ isWithin }) => !isWithin);
  if (over.length === 0) return;
  await parts.store.counters.settle({ giveBack: taken.filter(({ isWithin }) => isWithin).map(({ key }) => key) });
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(...over.map(({ retryAfterMs }) => retryAfterMs)));
  throw new Refusal('too_many_attempts', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
}
