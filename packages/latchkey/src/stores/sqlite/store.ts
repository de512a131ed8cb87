import type { OnceRef } from '../../model/once.ts';
import type { AccountsSide } from '../apart/accounts-side.ts';
import { type Clock, systemClock } from '../clock.ts';
import * as accounts from '../sql/accounts.ts';
import * as allotted from '../sql/allotted-numbers.ts';
import * as apart from '../sql/apart.ts';
import * as approvals from '../sql/approvals.ts';
import * as counters from '../sql/counters.ts';
import * as credentials from '../sql/credentials.ts';
import * as deviceLabels from '../sql/device-labels.ts';
import * as devices from '../sql/devices.ts';
import * as history from '../sql/history.ts';
import * as imports from '../sql/imports.ts';
import * as marks from '../sql/marks.ts';
import * as once from '../sql/once.ts';
import * as outbox from '../sql/outbox.ts';
import { type SessionValues, sessionOfValues } from '../sql/records.ts';
import * as sessions from '../sql/sessions.ts';
import * as settings from '../sql/settings.ts';
import * as signAllOut from '../sql/sign-all-out.ts';
import * as spends from '../sql/spends.ts';
import type { Run, Sentence } from '../sql/statement.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { type Database, openDatabase } from './database.ts';

/** How often a watcher looks whether another process has written. */
const WATCH_EVERY_MS = 100;

/**
 * The embedded store: one file, any number of processes on one machine. One writer at a time, each method one transaction;
 * readers never wait. `path` may be `:memory:`, which lives as long as the store.
 */
export function sqliteStore(path: string, clock: Clock = systemClock): Store {
  const { apart: _, ...store } = open(path, clock, 'here');
  return store;
}

/** As above for accounts alone, whose sessions are kept elsewhere. */
export function sqliteAccounts(path: string, clock: Clock = systemClock): AccountsSide {
  return open(path, clock, 'apart');
}

function open(path: string, clock: Clock, where: Run['sessions']): AccountsSide {
  const database = openDatabase(path);
  const now = (): Run => ({ dialect: 'sqlite', now: clock(), moved: () => undefined, sessions: where });
  const writes = <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>): ((input: In) => Promise<Out>) => {
    return (input) => database.transact(() => sentence(now(), input));
  };
  /** What may be lost with the power, if not with the process: counters, marks, and when a session was last seen. */
  const notes = <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>): ((input: In) => Promise<Out>) => {
    return (input) => database.transact(() => sentence(now(), input), { awaitsDisk: false });
  };
  const reads = <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>): ((input: In) => Promise<Out>) => {
    return async (input) => database.read(sentence(now(), input));
  };

  return {
    accounts: {
      create: writes(accounts.create),
      find: reads(accounts.find),
      findByUsername: reads(accounts.findByUsername),
      findByEmail: reads(accounts.findByEmail),
      page: reads(accounts.page),
      updateProfile: writes(accounts.updateProfile),
      renewHash: writes(accounts.renewHash),
      changePassword: writes(accounts.changePassword),
      issueLinks: writes(accounts.issueLinks),
      hasLink: reads(accounts.hasLink),
      resetPassword: writes(accounts.resetPassword),
      verifyEmail: writes(accounts.verifyEmail),
      claimEmail: writes(accounts.claimEmail),
      beginEmailChange: writes(accounts.beginEmailChange),
      confirmEmailChange: writes(accounts.confirmEmailChange),
      undoEmailChange: writes(accounts.undoEmailChange),
      disownSession: writes(accounts.disownSession),
      setState: writes(accounts.setState),
      setRoles: writes(accounts.setRoles),
      signOutEverywhere: writes(accounts.signOutEverywhere),
      signAllOut: writes(signAllOut.signAllOut),
      close: writes(accounts.close),
      resetSecondStep: writes(accounts.resetSecondStep),
      hashSchemes: () => reads(accounts.hashSchemes)(undefined),
    },
    credentials: {
      list: reads(credentials.list),
      find: reads(spends.findCredential),
      stalest: reads(credentials.stalest),
      add: writes(credentials.add),
      remove: writes(credentials.remove),
      rename: writes(credentials.rename),
      use: writes(spends.use),
    },
    sessions: {
      admit: writes(sessions.admit),
      admitAll: writes(sessions.admitAll),
      find: finder(database, clock),
      touch: notes(sessions.touch),
      end: writes(sessions.end),
      reauthenticate: writes(sessions.reauthenticate),
      bind: writes(sessions.bind),
      list: reads(sessions.list),
      changes: reads(history.changes),
      changesOf: reads(history.changesOf),
      position: () => reads(history.position)(undefined),
      watch: (onChange) => watch(database, onChange),
      setRule: (rule) => writes((run, value: string) => settings.set(run, sessions.RULE, value))(rule),
      ruleInForce: () => reads((run) => settings.get(run, sessions.RULE))(undefined),
      purge: writes(sessions.purge),
    },
    devices: { list: reads(devices.list), label: writes(deviceLabels.label) },
    once: {
      put: writes((run, item) => once.put(run, item, null)),
      peek: reads(peekForData),
      spend: writes(spendForData),
      exchange: writes(once.exchange),
      voidAny: writes(once.voidAny),
      purge: writes(once.purge),
    },
    approvals: {
      ask: writes(approvals.ask),
      waiting: reads(approvals.waiting),
      find: reads(approvals.find),
      answer: writes(approvals.answer),
    },
    counters: {
      take: notes(counters.take),
      settle: notes(counters.settle),
      purge: writes(counters.purge),
    },
    marks: { add: notes(marks.add), purge: writes(marks.purge) },
    outbox: {
      claim: writes(outbox.claim),
      done: writes(outbox.done),
      retry: writes(outbox.retry),
      put: writes(outbox.put),
      page: reads(outbox.page),
      purge: writes(outbox.purge),
    },
    history: {
      page: reads(history.page),
      byAccount: reads(history.byAccount),
      purge: writes(history.purge),
    },
    imports: {
      accounts: writes(imports.accounts),
      allot: writes(allotted.allot),
      allotted: reads(allotted.allotted),
      count: reads(imports.count),
      origin: reads(imports.origin),
      verifyEmail: writes(imports.verifyEmail),
      keys: reads(imports.keys),
      key: reads(imports.key),
      noteKeys: writes(imports.noteKeys),
      page: reads(imports.page),
      noteExported: writes(imports.noteExported),
      closed: reads(imports.closed),
    },
    settings: {
      getOrSet: (name, value) => writes((run) => settings.getOrSet(run, name, value))(undefined),
    },
    apart: {
      spend: writes(spends.spendAndTell),
      claimHandovers: writes(apart.claimHandovers),
      gatesOf: reads(signAllOut.gatesOf),
      handedOver: writes(apart.handedOver),
      writeStream: writes(apart.writeStream),
      forgetDevices: writes(devices.forgetAll),
    },
    feed: null,
    writable: async () => database.check(),
    close: () => database.close(),
  };
}

function* peekForData(run: Run, item: OnceRef): Sentence<string | null> {
  return (yield* once.peek(run, item))?.data ?? null;
}

function* spendForData(run: Run, item: OnceRef): Sentence<string | null> {
  return (yield* once.spend(run, item))?.data ?? null;
}

/** The check's one read, without a transaction or a generator around it: its cost is the product's. */
function finder(database: Database, clock: Clock): Store['sessions']['find'] {
  const { sql } = sessions.selectByToken({ token_hash: new Uint8Array() }, 'sqlite');
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return async ({ hash }) => {
    let found: unknown;
    try {
      found = statement.get(hash);
    } catch (error) {
      throw new StoreUnavailable('The database cannot be read.', { cause: error });
    }
    return found === undefined ? null : { session: sessionOfValues(found as SessionValues), now: clock() };
  };
}

function watch(database: Database, onChange: () => void): () => void {
  // Of a database that cannot be asked nothing is known: whoever looks finds out what is wrong with it.
  const current = (): number | null => {
    try {
      return database.dataVersion();
    } catch {
      return null;
    }
  };
  let seen = current();
  const timer = setInterval(() => {
    const version = current();
    if (version !== seen) onChange();
    seen = version;
  }, WATCH_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
