/** Puts the parts together: settings, store, keys, door, flows and jobs. */

import { setTimeout as sleep } from 'node:timers/promises';
import { hasherWith } from './credentials/hasher.ts';
import { fingerprint, type Keys, keysFrom, newRootSecret } from './crypto/keys.ts';
import type { LatchkeyEvent, Parts } from './flows/parts.ts';
import { misuseTeller } from './flows/tell-misused-key.ts';
import { type HostHooks, hooksFrom } from './hooks.ts';
import { type Log, type OutboxJob, sealMessage, startOutbox } from './jobs/outbox.ts';
import { keepOf, startPurging } from './jobs/purge.ts';
import type { Templates } from './mail/render.ts';
import { type Send, smtpSender } from './mail/smtp.ts';
import { memoryFor } from './memory-for.ts';
import { codeOfEnd } from './model/reasons.ts';
import type { Settings } from './model/settings.ts';
import { openStore, type PostgresPool } from './open-store.ts';
import { type Environment, InvalidSettings, type Resolved } from './resolve-settings.ts';
import { boundCookies } from './sessions/bound-cookies.ts';
import { followEndings } from './sessions/endings.ts';
import type { ForeignTokens, WebTokens } from './sessions/jwt.ts';
import { keyProofs } from './sessions/key-proofs.ts';
import { sessionSignals } from './sessions/signals.ts';
import { sessionStreams } from './sessions/streams.ts';
import { gatherTouches } from './sessions/touches.ts';
import { LiveCheck, SessionEnded } from './sessions/verify.ts';
import { type Clock, systemClock } from './stores/clock.ts';
import type { Store } from './stores/store.ts';
import { LANGUAGES } from './texts/reader.ts';

/** What a host gives beside data: code of its own. */
export type CodeOptions = {
  readonly hooks?: HostHooks;
  /** Called after each event. What it throws is logged and changes nothing. */
  readonly onEvent?: (event: LatchkeyEvent) => void | Promise<void>;
  /** Mails in the host's own words, by kind. */
  readonly mailTemplates?: Templates;
  /** Delivers mails in place of SMTP. Rejects what should be tried again. */
  readonly sendMail?: Send;
  /** Where warnings and errors go. Never told a secret. */
  readonly log?: AppLog;
  /** The host's own pool of connections to PostgreSQL, in place of `database`. Stays open when this is closed. */
  readonly postgresPool?: PostgresPool;
  /** The store's clock, for tests. */
  readonly clock?: Clock;
};

export type AppLog = Log & { error(details: object, message: string): void };

export type Assembled = {
  readonly parts: Parts;
  readonly log: AppLog;
  readonly templates: Templates;
  /** Sends what waits; null where there is nobody to hand mails to. */
  readonly outbox: OutboxJob | null;
  /** Puts this node's rule in force. Whoever serves calls it, once it can. */
  announce(): Promise<void>;
  /** Is this node's rule the one in force? */
  isRuleInForce(): Promise<boolean>;
  /** Waits for the work that outlives its request. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

export type Running = {
  readonly environment: Environment;
  /** A node serves and runs the jobs. A command that looks at an account does neither. */
  readonly role: 'node' | 'command';
};

export async function assemble(resolved: Resolved, code: CodeOptions, role: Running['role']): Promise<Assembled> {
  const { settings } = resolved;
  const log = code.log ?? consoleLog;
  const warn = log.warn.bind(log);
  const store = await openStore(resolved.stores, { clock: code.clock, pool: code.postgresPool, warn });
  const keys = await begin(store, resolved);
  const rule = ruleOf(settings);

  const memory = memoryFor({
    store,
    settings,
    role,
    warn,
    checkOf: (found, hash) => new LiveCheck(parts, hash, found),
  });
  const endings = followEndings(store, warn);
  const signals = sessionSignals(() =>
    endings.onEnded(({ sessionId, reason }) => signals.abort(sessionId, new SessionEnded(codeOfEnd[reason]))),
  );
  const streams = sessionStreams({ store, settings, endings, warn });
  const touches = gatherTouches(store, settings.sessions.idleMs, warn);
  const background = backgroundWork(log);
  const clock = code.clock ?? systemClock;
  const adopt: Adopt = async (token) => await (await import('./flows/adopt-token.ts')).adoptToken(parts, token);
  const jwt = await tokensFor(resolved, { store, keys, adopt, clock });
  const { hash: scheme, old, concurrency, queue } = settings.passwords;
  const hasher = hasherWith({ scheme, old, concurrency, queue });
  const templates = code.mailTemplates ?? {};
  const sender = senderFrom(settings, code);
  const outbox =
    role === 'node' && sender !== null
      ? startOutbox({
          store,
          keys,
          log,
          templates,
          send: sender.send,
          from: settings.mail.from,
          site: siteOf(settings),
        })
      : null;
  const stopPurging = role === 'node' ? startPurging(store, keepOf(settings), log) : () => undefined;
  if (role === 'node') {
    background.run('timing older password hashes', async () => hasher.expect(await store.accounts.hashSchemes()));
  }

  const parts: Parts = {
    store,
    settings,
    keys,
    rule,
    endings,
    signals,
    streams,
    memory,
    touches,
    keyProofs: keyProofs({ settings, keys, store, clock }),
    boundCookies: boundCookies({ settings, keys, store, clock }),
    jwt,
    misused: misuseTeller(() => parts),
    hasher,
    hooks: hooksFrom(code.hooks ?? {}, warn),
    tell: (event) => background.run('telling the host', async () => code.onEvent?.(event)),
    warn,
    background: background.run,
    mail: (notice, language = LANGUAGES[0]) => sealMessage(keys, { ...notice, language }),
    mailWaits: () => outbox?.nudge(),
  };
  return {
    parts,
    log,
    templates,
    outbox,
    announce: () => store.sessions.setRule(rule),
    isRuleInForce: async () => (await store.sessions.ruleInForce()) === rule,
    settle: background.settle,
    close: once(async () => {
      streams.close();
      stopPurging();
      await background.settleWithin(LEAVE_MS);
      await outbox?.stop();
      sender?.close();
      await touches.flush();
      signals.close();
      endings.close();
      await memory.close();
      await store.close();
    }),
  };
}

/** All nodes must have one rule, and one way to check: whoever remembers must be waited for by all. */
function ruleOf({ sessions, checks, takeovers }: Settings): string {
  const more = {
    ...(checks.trust !== 'strict' && { checks: checks.trust }),
    ...(takeovers.stepUp && { stepUpToDisplace: true }),
  };
  return fingerprint(JSON.stringify({ ...sessions, ...more }));
}

/** A host's `onEvent` that never ends must not keep a process from stopping. */
const LEAVE_MS = 10_000;

/** Whoever asks again gets what was begun the first time. */
function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | null = null;
  return () => {
    begun ??= work();
    return begun;
  };
}

/** The host name that people know this by. */
export function siteOf(settings: Settings): string {
  return new URL(settings.origin).hostname;
}

const SECRET = 'secret';

/** The keys of a database that these settings may use; otherwise it is let go of. */
async function begin(store: Store, resolved: Resolved): Promise<Keys> {
  try {
    await refuseOtherUsernames(store, resolved.settings);
    return await keysOf(store, resolved);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The secrets that were set, or the one that was made once and is kept in the database, which its nodes share. */
async function keysOf(store: Store, { secrets }: Resolved): Promise<Keys> {
  const [newest, ...older] = secrets;
  if (newest !== undefined) return keysFrom([newest, ...older]);
  return keysFrom([await store.settings.getOrSet(SECRET, newRootSecret())]);
}

/** The tokens of JWT mode, loaded where it is on; null where it is off. */
async function tokensFor(
  { settings, jwtSecrets, followerSecrets, simplejwtKey }: Resolved,
  {
    store,
    keys,
    adopt,
    clock,
  }: { readonly store: Store; readonly keys: Keys; readonly adopt: Adopt; readonly clock: Clock },
): Promise<WebTokens | null> {
  const { jwt, origin } = settings;
  if (jwt === null) return null;
  const [{ webTokens }, { keysInTurn, sharedKeys }] = await Promise.all([
    import('./sessions/jwt.ts'),
    import('./sessions/jwt-keys.ts'),
  ]);
  const signers =
    jwt.algorithm === 'HS256'
      ? sharedKeys(jwtSecrets)
      : keysInTurn(jwt.algorithm, { settings: jwt, store: store.settings, keys, clock });
  const foreign = simplejwtKey === null ? null : await foreignTokens(simplejwtKey, adopt);
  return webTokens({ settings: jwt, issuer: origin, keys: signers, followers: followerSecrets, foreign, clock });
}

type Adopt = ForeignTokens['adopt'];

async function foreignTokens(given: string, adopt: Adopt): Promise<ForeignTokens> {
  const { foreignKeyFrom, foreignReader } = await import('./credentials/simplejwt.ts');
  const key = foreignKeyFrom(given);
  if (key === null) throw new Error('The key of simplejwt was not looked at before.');
  return { read: foreignReader(key), adopt };
}

/** How usernames are compared is baked into the database: a change of mind would let two people have one name. */
async function refuseOtherUsernames(store: Store, { accounts }: Settings): Promise<void> {
  const kept = await store.settings.getOrSet('username_case', accounts.usernameCase);
  if (kept === accounts.usernameCase) return;
  throw new InvalidSettings([
    `LATCHKEY_USERNAME_CASE is ${accounts.usernameCase}, and this database was begun with ${kept}: set it back.`,
  ]);
}

function senderFrom(settings: Settings, { sendMail }: CodeOptions): { readonly send: Send; close(): void } | null {
  if (sendMail !== undefined) return { send: sendMail, close: () => undefined };
  return settings.mail.smtpUrl === 'none' ? null : smtpSender(settings.mail.smtpUrl);
}

type Background = {
  run(what: string, work: () => Promise<unknown>): void;
  settle(): Promise<void>;
  settleWithin(ms: number): Promise<void>;
};

function backgroundWork(log: AppLog): Background {
  const running = new Set<Promise<void>>();
  return {
    run(what, work) {
      const task = work()
        .then(() => undefined)
        .catch((error: unknown) => log.error({ err: error }, `${what} failed`))
        .finally(() => running.delete(task));
      running.add(task);
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
    },
    async settleWithin(ms) {
      const end = new AbortController();
      const isLate = sleep(ms, false, { signal: end.signal }).catch(() => false);
      const isDone = await Promise.race([this.settle().then(() => true), isLate]);
      end.abort();
      if (!isDone) log.warn({ running: running.size }, 'work that outlives its request is given up: it took too long');
    },
  };
}

/** Warnings and errors as lines of JSON; what is merely of interest goes nowhere. */
export const consoleLog: AppLog = {
  info: () => undefined,
  warn: (details, message) => console.warn(lineOf('warn', details, message)),
  error: (details, message) => console.error(lineOf('error', details, message)),
};

function lineOf(level: string, details: object, message: string): string {
  const plain = Object.entries(details).map(([name, value]) => [name, value instanceof Error ? value.stack : value]);
  return JSON.stringify({ level, ...Object.fromEntries(plain), msg: message });
}
