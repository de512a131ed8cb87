/** The sentences about sessions and their gate, each one script under the account's hash tag. */
import type { AccountId, Gate } from '../../model/account.ts';
import type { VoidReason } from '../../model/admission.ts';
import type { EndReason } from '../../model/reasons.ts';
import type { Session, TokenRef } from '../../model/session.ts';
import type { Admit, Admitted, By, Over, Reauthenticated, SessionStore, ShownAgain } from '../store.ts';
import { StoreUnavailable } from '../store.ts';
import { textOfArrival } from './arrivals.ts';
import type { Call } from './connection.ts';
import { BUCKETS, bucketOf, bucketOfHash, hashText, type Names } from './keys.ts';
import { gateValues, sessionOf, sessionsOf } from './records.ts';
import type { Script } from './script.ts';
import { ADMIT } from './scripts/admit.ts';
import {
  BIND,
  END,
  FIND,
  HAND_OVER,
  LIST,
  OVER,
  POINT,
  PURGE,
  REAUTHENTICATE,
  SPARE,
  TOUCH,
} from './scripts/sessions.ts';
import type { Servers } from './servers.ts';

const DAY_MS = 86_400_000;

/**
 * How much longer than a session may live its row is kept, and its account's gate after the last sign-in. Nothing is over by
 * these: they make room where nobody purges, long after what was kept can matter.
 */
const SPARE_ROW_MS = 400 * DAY_MS;
const SPARE_GATE_MS = 90 * DAY_MS;

/** What sentences need to be spoken: where things are, how they are called, whose time it is, and who is told. */
export type Voice = {
  readonly servers: Servers;
  readonly names: Names;
  /** The time as scripts take it: none, for the server's own, or that of a clock that was handed in. */
  readonly now: () => string | number;
  readonly announcer: Announcer;
};

/** Says in a script that an account's sessions changed, and waits until that is heard. */
export type Announcer = {
  announce(accountId: AccountId): {
    readonly channel: string;
    /** The command that says it, and what is said. */
    readonly values: readonly [command: string, text: string];
    committed(): Promise<void>;
  };
};

/** An admission whose proof uses up nothing any more. */
type Unspending = Omit<Admit, 'spends' | 'outbox'>;
type AdmittedUnspent = Exclude<Admitted, { kind: 'spent' }>;

export type RedisSessions = Omit<
  SessionStore,
  'changes' | 'changesOf' | 'position' | 'watch' | 'setRule' | 'ruleInForce' | 'reauthenticate' | 'admit' | 'admitAll'
> & {
  /** Spends nothing, as below. */
  admit(admit: Unspending): Promise<AdmittedUnspent>;
  /**
   * Hands a gate over: the higher revision replaces the one that is there, ends each session opened below `validFrom` except
   * `kept`, and shows its roles to the rest. What is known of a closed account's devices goes. Returns the sessions that ended by it,
   * none where it was handed over before.
   */
  raise(gate: Gate): Promise<readonly Session[]>;
  /** What came along from elsewhere counts as opened at this revision: a gate of it that voids the rest leaves them. */
  spare(spared: { readonly accountId: AccountId; readonly revision: number }): Promise<void>;
  /** Spends nothing: what a proof uses up is in SQL, where whoever asks has spent it before. */
  reauthenticate(shown: Pick<ShownAgain, 'by' | 'gate'>): Promise<Exclude<Reauthenticated, { kind: 'spent' }> | Over>;
  /** Whether the session that asks is over by now, and why. */
  overOf(by: By, accountId: AccountId): Promise<Over | null>;
};

export function redisSessions(voice: Voice): RedisSessions {
  const { servers, names, now } = voice;
  let purgedLast = 0;

  /** Where the session of a token is kept; null where no account is known to have it. */
  const placeOf = async ({ accountId, hash }: TokenRef): Promise<{ bucket: number; key: string } | null> => {
    const text = hashText(hash);
    const owner = accountId ?? (await pointedTo(voice, hash));
    return owner === null ? null : { bucket: bucketOf(owner), key: names.sessions(bucketOf(owner)) + text };
  };

  return {
    async admit(input) {
      if (input.session.method === 'imported' && !(await point(voice, input))) return { kind: 'token_used' };
      return await admit(voice, input);
    },
    async find(token) {
      const place = await placeOf(token);
      if (place === null) return null;
      const call: Call = { script: FIND, keys: [place.key], values: [now()], isCheck: true };
      const reply = (await servers.run(place.bucket, call)) as readonly unknown[] | null;
      return reply === null ? null : { session: sessionOf(reply), now: Number(reply.at(-1)) };
    },
    async touch({ tokens, idleMs }) {
      const places = await Promise.all(tokens.map(placeOf));
      const byBucket = Map.groupBy(
        places.filter((place) => place !== null),
        ({ bucket }) => bucket,
      );
      const calls = [...byBucket].map(([bucket, inIt]) =>
        servers.run(bucket, { script: TOUCH, keys: inIt.map(({ key }) => key), values: [now(), idleMs] }),
      );
      await Promise.all(calls);
    },
    async end({ accountId, sessionId, by, reason }) {
      const [what, first, second] = await change(voice, END, accountId, [sessionId, by?.id ?? '', reason]);
      if (what === 'over') return { over: first as EndReason };
      return what === 'none' ? null : { session: sessionOf(second), isEndedNow: first === 1 };
    },
    async reauthenticate({ by, gate }) {
      const bucket = bucketOf(gate.accountId);
      const { gate: held, ids } = names.account(gate.accountId);
      const values = [names.sessions(bucket), now(), by.id, gate.revision];
      const reply = await servers.run(bucket, { script: REAUTHENTICATE, keys: [held, ids], values });
      const [what, more] = reply as readonly [string, unknown];
      if (what === 'over') return { over: more as EndReason };
      return what === 'void' ? { kind: 'void' } : { kind: 'reauthenticated', session: sessionOf(more) };
    },
    async bind({ by, accountId, binding }) {
      const [what, more] = await change(voice, BIND, accountId, [by.id, JSON.stringify(binding)]);
      if (what === 'over') return { over: more as EndReason };
      return what === 'none' ? null : sessionOf(more);
    },
    async list(accountId) {
      const bucket = bucketOf(accountId);
      const keys = [names.account(accountId).live];
      const reply = await servers.run(bucket, { script: LIST, keys, values: [names.sessions(bucket), now()] });
      const [time, rows] = reply as readonly [number, unknown];
      return { sessions: sessionsOf(rows), now: time };
    },
    async raise(gate) {
      const [, ended] = await change(voice, HAND_OVER, gate.accountId, [...gateValues(gate), SPARE_GATE_MS]);
      return sessionsOf(ended);
    },
    async spare({ accountId, revision }) {
      const bucket = bucketOf(accountId);
      const keys = [names.account(accountId).live];
      await servers.run(bucket, { script: SPARE, keys, values: [names.sessions(bucket), revision] });
    },
    async overOf(by, accountId) {
      if (by === null) return null;
      const bucket = bucketOf(accountId);
      const keys = [names.account(accountId).ids];
      const reply = await servers.run(bucket, { script: OVER, keys, values: [names.sessions(bucket), by.id] });
      // what was purged had expired or ended long before
      if (reply === null) return { over: 'expired' };
      const [over] = reply as readonly [EndReason | null];
      return over === null ? null : { over };
    },
    async purge({ keepMs, limit }) {
      let count = 0;
      for (let turn = 0; turn < BUCKETS && count < limit; turn++) {
        // begins where the last one stopped, so that no bucket waits for another
        count += await purgeBucket(voice, purgedLast, { keepMs, limit: limit - count });
        if (count < limit) purgedLast = (purgedLast + 1) % BUCKETS;
      }
      return count;
    },
  };
}

/** Runs a script that opens or ends sessions of an account, and waits until all have heard of it that were told. */
async function change(
  { servers, names, now, announcer }: Voice,
  script: Script,
  accountId: AccountId,
  values: readonly (string | number)[],
  moreKeys: readonly string[] = [],
): Promise<readonly [what: string, ...rest: readonly unknown[]]> {
  const bucket = bucketOf(accountId);
  const { gate, live, ids } = names.account(accountId);
  const { channel, values: announcement, committed } = announcer.announce(accountId);
  const reply = await servers.run(bucket, {
    script,
    keys: [gate, live, ids, names.due(bucket), names.history(bucket), channel, ...moreKeys],
    values: [names.sessions(bucket), accountId, now(), ...announcement, ...values],
  });
  const [what, isAnnounced, ...rest] = reply as readonly [string, number, ...unknown[]];
  if (isAnnounced === 1) await committed();
  return [what, ...rest];
}

/** What is said of a session beside what its script decides by. */
function saidOf({ session, arrival = null }: Unspending): object {
  const { method, place, client, binding, network, coordinates } = session;
  return {
    ...{ method, place, client, network },
    binding: binding === null ? null : JSON.stringify(binding),
    arrival: arrival === null ? null : textOfArrival(arrival),
    is_told_otherwise: arrival?.isToldOtherwise === true,
    ...{ lat: coordinates?.latitude ?? null, lon: coordinates?.longitude ?? null },
  };
}

async function admit(voice: Voice, input: Unspending): Promise<AdmittedUnspent> {
  const { names } = voice;
  const { session, gate } = input;
  const bucket = bucketOf(gate.accountId);
  const hash = hashText(session.tokenHash);
  const values = [
    ...gateValues(gate),
    SPARE_GATE_MS,
    session.id,
    hash,
    session.device.id ?? '',
    session.device.class,
    session.device.name,
    JSON.stringify(saidOf(input)),
    session.lifetimeMs,
    session.isFresh ? 1 : 0,
    input.idleMs,
    input.rule,
    JSON.stringify(input.limits),
    SPARE_ROW_MS,
    input.whenFull,
    JSON.stringify(input.ends),
    input.holdsBack === true ? 1 : 0,
    input.goesFirst ?? '',
    input.approvedBy ?? '',
  ];
  const keys = [names.rule(bucket), names.sessions(bucket) + hash];
  const [what, ...rest] = await change(voice, ADMIT, gate.accountId, values, keys);
  switch (what) {
    case 'admitted': {
      const [opened, replaced, displaced] = rest;
      return {
        kind: 'admitted',
        session: sessionOf(opened),
        replaced: sessionsOf(replaced),
        displaced: sessionsOf(displaced),
      };
    }
    case 'full':
      return { kind: 'full', among: sessionsOf(rest[0]), least: Number(rest[1]), now: Number(rest[2]) };
    case 'void':
      return { kind: 'void', why: rest[0] as VoidReason };
    case 'rule_mismatch':
      return { kind: 'rule_mismatch', inForce: String(rest[0]) };
    case 'token_used':
    case 'held':
      return { kind: what };
    default:
      throw new StoreUnavailable(`Redis replied what no script of this version does: ${what}.`);
  }
}

/** Whose a token is that names no account, or null. */
async function pointedTo({ servers, names }: Voice, hash: Uint8Array): Promise<AccountId | null> {
  const bucket = bucketOfHash(hash);
  const found = await servers.send(bucket, 'GET', names.pointer(hashText(hash), bucket));
  return typeof found === 'string' ? Number(found) : null;
}

/**
 * Sees to it that a token leads to its account before there is a session of it: a pointer to no session does no harm. False where
 * the token is another account's.
 */
async function point(voice: Voice, { session, gate }: Unspending): Promise<boolean> {
  const { servers, names, now } = voice;
  const hash = hashText(session.tokenHash);
  const bucket = bucketOfHash(session.tokenHash);
  const keys = [names.pointer(hash, bucket)];
  const to = async (deserted: AccountId | ''): Promise<AccountId> => {
    const values = [gate.accountId, session.lifetimeMs + SPARE_ROW_MS, deserted];
    return Number(await servers.run(bucket, { script: POINT, keys, values }));
  };
  const owner = await to('');
  if (owner === gate.accountId) return true;
  const key = names.sessions(bucketOf(owner)) + hash;
  const held = await servers.run(bucketOf(owner), { script: FIND, keys: [key], values: [now()] });
  return held === null && (await to(owner)) === gate.accountId;
}

async function purgeBucket(
  { servers, names, now }: Voice,
  bucket: number,
  { keepMs, limit }: Parameters<SessionStore['purge']>[0],
): Promise<number> {
  const values = [names.sessions(bucket), names.accounts(bucket), now(), keepMs, limit];
  const reply = await servers.run(bucket, { script: PURGE, keys: [names.due(bucket)], values });
  const [count, pointed] = reply as readonly [number, readonly string[]];
  const pointers = pointed.map((hash) => {
    const at = bucketOfHash(Buffer.from(hash, 'base64url'));
    return servers.send(at, 'DEL', names.pointer(hash, at));
  });
  await Promise.all(pointers);
  return count;
}
