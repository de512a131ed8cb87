/**
 * How often somebody may try. An attempt is counted before anything costly is done for it, so that two hundred at once are no
 * more than ten, and taken back when it succeeds. Keys are pseudonyms: no address and no name is kept.
 */
import { Refusal } from '../model/reasons.ts';
import type { Rate } from '../model/settings.ts';
import type { Take } from '../stores/store.ts';
import type { Parts } from './parts.ts';

export type Attempt = {
  /** Whose credential is tried: an account's number where there is one, else what was typed, in its canonical form. */
  readonly whose: string;
  /** The account's device that tries, or null. A known device has tries of its own: no stranger can use them up. */
  readonly deviceId: string | null;
  /** The client's network, or null where it is not known. */
  readonly network: string | null;
};

export type CountedAttempt = {
  /** It succeeded: it does not count against its account or network, and the row of failures is over. */
  succeeded(): Promise<void>;
};

/** A row of failures without a success is counted for as long as it goes on. */
const FOR_EVER_MS = 10 * 365 * 24 * 3_600_000;

const UNCOUNTED: CountedAttempt = { succeeded: async () => undefined };

/** Counts an attempt. Throws the refusal `too_many_attempts`, alike for accounts that are there and that are not. */
export async function countAttempt(parts: Parts, attempt: Attempt): Promise<CountedAttempt> {
  const { attempts } = parts.settings;
  if (attempts === 'off') return UNCOUNTED;
  const name = (kind: string, of: string): string => `${kind}:${parts.keys.pseudonym('attempts', of)}`;

  const isKnown = attempt.deviceId !== null;
  const own = isKnown ? name('device', `${attempt.whose} ${attempt.deviceId}`) : name('account', attempt.whose);
  const row = name('row', attempt.whose);
  const takes: Take[] = [{ key: own, ...attempts.perAccount }];
  if (!isKnown) takes.push({ key: row, limit: attempts.consecutive, windowMs: FOR_EVER_MS });
  if (attempt.network !== null) takes.push({ key: name('network', attempt.network), ...attempts.perNetwork });
  await takeAll(parts, takes);

  const counted = takes.filter(({ key }) => key !== row).map(({ key }) => key);
  return {
    async succeeded() {
      await parts.store.counters.giveBack(counted);
      await parts.store.counters.clear([row]);
    },
  };
}

/** Takes one of a rate. Throws the refusal `too_many_attempts` where there is none left. */
export async function takeOne(parts: Parts, kind: string, of: string, rate: Rate): Promise<void> {
  await takeAll(parts, [{ key: `${kind}:${parts.keys.pseudonym('attempts', of)}`, ...rate }]);
}

/** As `takeOne`, for what must not show: false where there is none left. */
export async function hasOne(parts: Parts, kind: string, of: string, rate: Rate): Promise<boolean> {
  const [taken] = await parts.store.counters.take([
    { key: `${kind}:${parts.keys.pseudonym('attempts', of)}`, ...rate },
  ]);
  return taken?.isWithin ?? true;
}

/** Nothing more than an hour is worth waiting for: past that, a mailed link is the way in. */
const LONGEST_WAIT_MS = 3_600_000;

async function takeAll(parts: Parts, takes: readonly Take[]): Promise<void> {
  const taken = await parts.store.counters.take(takes);
  const over = taken.filter(({ isWithin }) => !isWithin);
  if (over.length === 0) return;
  await parts.store.counters.giveBack(taken.filter(({ isWithin }) => isWithin).map(({ key }) => key));
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(...over.map(({ retryAfterMs }) => retryAfterMs)));
  throw new Refusal('too_many_attempts', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
}
