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

/** So many codes may be tried by one who holds a ticket or a session, however many devices try. */
const CODES_PER_HOLDER = { limit: 5, windowMs: 3_600_000 };

/**
 * So many codes that can be guessed may be wrong in a row for an account: of an app, or of digits alone as recovery codes from
 * elsewhere are. Then one of the other kind is wanted, a passkey, or an operator.
 */
const CODES_PER_ACCOUNT = { limit: 100, windowMs: FOR_EVER_MS };

export type CountedCode = {
  /** It was right: it does not count, and the row of wrong ones is over. */
  succeeded(): Promise<void>;
  /** It was wrong. Whether the account's owner is to hear of it: so many were by now, and they did not hear lately. */
  failed(): Promise<boolean>;
};

/**
 * Counts a try of a code: by the ticket or the session that tries it, and one that can be guessed by its account as well, each kind
 * by itself: whoever guesses at the app must not shut its owner out, who has recovery codes. Throws as above.
 */
export async function countCode(
  parts: Parts,
  {
    accountId,
    holder,
    guessable,
  }: { readonly accountId: AccountId; readonly holder: string; readonly guessable: GuessableCode | null },
): Promise<CountedCode> {
  if (parts.settings.attempts === 'off') return { succeeded: async () => undefined, failed: async () => false };
  const tries = nameOf(parts, 'ticket', holder);
  const ofAccount = guessable === null ? [] : [{ key: codesRow(parts, accountId, guessable), ...CODES_PER_ACCOUNT }];
  await takeAll(parts, [{ key: tries, ...CODES_PER_HOLDER }, ...ofAccount]);
  return {
    succeeded: () => parts.store.counters.settle({ giveBack: [tries], clear: codesRows(parts, accountId) }),
    failed: () => isToBeTold(parts, accountId),
  };
}

/**
 * Its owner has shown more than a code, or has another app: the row of wrong codes is over. A mailed link is not enough: whoever
 * reads the mail could have one after the other, and a hundred guesses for each.
 */
export async function forgetWrongCodes(parts: Parts, accountId: AccountId): Promise<void> {
  if (parts.settings.attempts === 'off') return;
  await parts.store.counters.settle({ clear: codesRows(parts, accountId) });
}

/** More than anybody mistypes: as many as a ticket is good for, whether they were tried with one or with several. */
const FEW_WRONG_CODES = { limit: CODES_PER_HOLDER.limit - 1, windowMs: 3_600_000 };

const OWNER_IS_TOLD = { limit: 1, windowMs: 3_600_000 };

async function isToBeTold(parts: Parts, accountId: AccountId): Promise<boolean> {
  const of = String(accountId);
  const [isFew = true] = await takeQuietly(parts, [{ kind: 'wrong-codes', of, rate: FEW_WRONG_CODES }]);
  if (isFew) return false;
  const [isDue = false] = await takeQuietly(parts, [{ kind: 'wrong-codes-told', of, rate: OWNER_IS_TOLD }]);
  return isDue;
}

/** A code of an app, and one of digits alone that is none. */
export type GuessableCode = 'app' | 'digits';

const CODE_ROWS = { app: 'codes', digits: 'digit-codes' } as const satisfies Record<GuessableCode, string>;

function codesRow(parts: Parts, accountId: AccountId, guessable: GuessableCode): string {
  return nameOf(parts, CODE_ROWS[guessable], String(accountId));
}

function codesRows(parts: Parts, accountId: AccountId): readonly string[] {
  return (['app', 'digits'] as const).map((guessable) => codesRow(parts, accountId, guessable));
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
    { key: nameOf(parts, 'mail-ticket', ticket), ...CODES_PER_HOLDER },
  ]);
  return { succeeded: () => parts.store.counters.settle({ clear: [row] }) };
}

/**
 * Its owner has proved to have the account's mail: strangers' failures and takeovers no longer keep anybody out, and the owner hears
 * of the next takeover, however many there were before.
 */
export async function forgetFailures(parts: Parts, id: AccountId): Promise<void> {
  if (parts.settings.attempts === 'off') return;
  const { key } = ofAccount(id);
  const clear = ['account', 'row', TAKEOVERS, TAKEOVERS_TOLD].map((kind) => nameOf(parts, kind, key));
  await parts.store.counters.settle({ clear });
}

/** Anybody can sign a proof with a key of their own, and each leaves a row for nine minutes. */
const PROOFS_PER_NETWORK = { limit: 600, windowMs: 60_000 };

/** Counts a proof of a key by whoever asks to come in, before it is kept as seen. Throws as above. */
export async function countProof(parts: Parts, network: string | null): Promise<void> {
  if (network === null || parts.settings.attempts === 'off') return;
  await takeOne(parts, 'proofs', network, PROOFS_PER_NETWORK);
}

const TAKEOVERS = 'takeovers';

/** Of what the owner is told of takeovers. */
export const TAKEOVERS_TOLD = 'takeovers-told';

function nameOf(parts: Parts, kind: string, of: string): string {
  return `${kind}:${parts.keys.pseudonym('attempts', of)}`;
}

/** Takes one of a rate. Throws the refusal `too_many_attempts` where there is none left. */
export async function takeOne(parts: Parts, kind: string, of: string, rate: Rate): Promise<void> {
  await takeAll(parts, [{ key: nameOf(parts, kind, of), ...rate }]);
}

/** Counts that a new device would take the place of another. Of any number at once no more are within the rate than it says. */
export async function countTakeover(
  parts: Parts,
  accountId: AccountId,
  rate: Rate,
): Promise<{ readonly isWithin: boolean; readonly retryAfterMs: number; giveBack(): Promise<void> }> {
  const key = nameOf(parts, TAKEOVERS, String(accountId));
  const [taken] = await parts.store.counters.take([{ key, ...rate }]);
  return {
    isWithin: taken?.isWithin ?? false,
    retryAfterMs: taken?.retryAfterMs ?? 0,
    giveBack: () => parts.store.counters.settle({ giveBack: [key] }),
  };
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
