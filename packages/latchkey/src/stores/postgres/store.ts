import type { OnceRef } from '../../model/once.ts';
import type { AccountsSide } from '../apart/accounts-side.ts';
import type { Clock } from '../clock.ts';
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
import { sessionOfValues } from '../sql/records.ts';
import * as sessions from '../sql/sessions.ts';
import * as settings from '../sql/settings.ts';
import * as signAllOut from '../sql/sign-all-out.ts';
import * as spends from '../sql/spends.ts';
import type { Run, Sentence } from '../sql/statement.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { ANSWER_MS, type Connections, connections, type Source } from './connections.ts';
import { type Database, openDatabase } from './database.ts';
import { answer, explained, messageOf } from './errors.ts';
import { feedNames, openHub } from './feed.ts';
import { migrate } from './migrate.ts';
import * as positions from './positions.ts';
import { type Prepare, preparing } from './prepared.ts';
import { using } from './reader.ts';
import { notify } from './statements.ts';

export type PostgresOptions = Source & {
  /** The schema that holds the tables, made where it is not there. Any other schema of the database is left alone. Default `latchkey`. */
  readonly schema?: string;
  /** Whether a pooler in transaction mode, such as PgBouncer, stands between: nothing is kept on a connection then. */
  readonly pooler?: boolean;
  /** How to get past the pooler, to listen. Without it, a node behind one hears nothing of the others. */
  readonly feedUrl?: string;
  /** Instead of the database's own, for tests. */
  readonly clock?: Clock;
};

/** The gate's account of an admission, the account that is changed, or whose session is. */
type TurnOf<In> = (input: In) => number;

/**
 * Accounts and sessions in PostgreSQL 15 or later, for any number of nodes. Makes its tables, or brings them up to date.
 * @throws StoreUnavailable where the database cannot be used, with the remedy
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const { apart: _, ...store } = await open(options, 'here');
  return store;
}

/** As above for accounts alone, whose sessions are kept elsewhere. */
export async function postgresAccounts(options: PostgresOptions): Promise<AccountsSide> {
  return await open(options, 'apart');
}

async function open(options: PostgresOptions, sessions: Run['sessions']): Promise<AccountsSide> {
  const { schema = 'latchkey', pooler = false, feedUrl = null, clock = null } = options;
  const ways = await connections({ source: options, isPooled: pooler, feedUrl });
  try {
    const { isHasty } = await migrate(ways, schema);
    const prepare = preparing(schema, ways);
    const say = saying(ways, prepare);
    const names = feedNames(schema);
    const { listening } = ways;
    const create = listening === null ? null : () => listening(names.node);
    const hub = openHub({ names, prepare, create, say });
    if (feedUrl !== null) await hub.prove().catch(refuseFeed);
    const database = openDatabase(
      { connections: ways, prepare, announcing: hub, clock, isHasty, sessions },
      hub.committed,
    );
    return storeOf(database, hub);
  } catch (error) {
    await ways.close();
    throw error;
  }
}

function refuseFeed(error: unknown): never {
  throw new StoreUnavailable(
    `The feed's URL cannot be used: ${messageOf(explained(error))} It is to lead to the same database as the other, past any pooler.`,
    { cause: error },
  );
}

function saying(ways: Connections, prepare: Prepare): (channel: string, text: string) => Promise<void> {
  return async (channel, text) => {
    const said = prepare(notify({ channel, text }, 'postgres'), ANSWER_MS);
    await using(ways.client, (client) => answer(client.query(said)));
  };
}

function storeOf(database: Database, hub: ReturnType<typeof openHub>): AccountsSide {
  /** A change of no one account, or of one that is not known before. */
  const changes =
    <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>) =>
    (input: In): Promise<Out> =>
      database.transact({ turn: null }, (run) => sentence(run, input));
  /** A change of one account, in its turn. */
  const turns =
    <In, Out>(turnOf: TurnOf<In>, sentence: (run: Run, input: In) => Sentence<Out>) =>
    (input: In): Promise<Out> =>
      database.transact({ turn: turnOf(input) }, (run) => sentence(run, input));
  /** What may be lost with the power: counters, marks, and when a session was last seen. */
  const notes =
    <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>) =>
    (input: In): Promise<Out> =>
      database.transact({ turn: null, isNote: true }, (run) => sentence(run, input));
  const reads =
    <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>, options = { isTimed: false }) =>
    (input: In): Promise<Out> =>
      database.read((run) => sentence(run, input), options);
  const timed = { isTimed: true };
  const ofId = ({ id }: { readonly id: number }): number => id;
  const ofAccount = ({ accountId }: { readonly accountId: number }): number => accountId;
  const ofGate = ({ gate }: { readonly gate: { readonly accountId: number } }): number => gate.accountId;

  /** Everything that was committed until now has its position after this. What is committed meanwhile need not. */
  const numbered = async (): Promise<void> => {
    let isBehind = await database.read(positions.isBehind);
    while (isBehind) isBehind = await database.transact({ turn: null }, positions.number);
  };
  const readsOn =
    <In, Out>(sentence: (run: Run, input: In) => Sentence<Out>) =>
    async (input: In): Promise<Out> => {
      await numbered();
      return await database.read((run) => sentence(run, input));
    };

  return {
    accounts: {
      create: changes(accounts.create),
      find: reads(accounts.find),
      findByUsername: reads(accounts.findByUsername),
      findByEmail: reads(accounts.findByEmail),
      page: reads(accounts.page),
      updateProfile: turns(ofId, accounts.updateProfile),
      renewHash: changes(accounts.renewHash),
      changePassword: turns(ofId, accounts.changePassword),
      issueLinks: changes(accounts.issueLinks),
      hasLink: reads(accounts.hasLink, timed),
      resetPassword: turns(ofId, accounts.resetPassword),
      verifyEmail: changes(accounts.verifyEmail),
      claimEmail: turns(ofId, accounts.claimEmail),
      beginEmailChange: turns(ofId, accounts.beginEmailChange),
      confirmEmailChange: turns(ofId, accounts.confirmEmailChange),
      undoEmailChange: turns(ofId, accounts.undoEmailChange),
      disownSession: turns(ofId, accounts.disownSession),
      setState: turns(ofId, accounts.setState),
      setRoles: turns(ofId, accounts.setRoles),
      signOutEverywhere: turns(ofId, accounts.signOutEverywhere),
      signAllOut: changes(signAllOut.signAllOut),
      close: turns(ofId, accounts.close),
      resetSecondStep: turns(ofId, accounts.resetSecondStep),
      hashSchemes: () => reads(accounts.hashSchemes)(undefined),
    },
    credentials: {
      list: reads(credentials.list, timed),
      find: reads(spends.findCredential),
      stalest: reads(credentials.stalest),
      add: turns(ofAccount, credentials.add),
      remove: turns(ofAccount, credentials.remove),
      rename: changes(credentials.rename),
      use: changes(spends.use),
    },
    sessions: {
      admit: turns(ofGate, sessions.admit),
      // Each account has its turn: not one after another, but as many at once as there are connections.
      admitAll: (admits) => Promise.all(admits.map(turns(ofGate, sessions.admit))),
      async find({ hash }) {
        const found = await database.find(hash);
        return found === null ? null : { session: sessionOfValues(found.values), now: found.now };
      },
      touch: notes(sessions.touch),
      end: turns(ofAccount, sessions.end),
      reauthenticate: turns(ofGate, sessions.reauthenticate),
      bind: turns(ofAccount, sessions.bind),
      list: reads(sessions.list, timed),
      changes: readsOn(history.changes),
      changesOf: readsOn(history.changesOf),
      position: () => readsOn(positions.position)(undefined),
      watch: hub.watch,
      setRule: (rule) => changes((run, value: string) => settings.set(run, sessions.RULE, value))(rule),
      ruleInForce: () => reads((run) => settings.get(run, sessions.RULE))(undefined),
      purge: changes(sessions.purge),
    },
    devices: { list: reads(devices.list), label: turns(ofAccount, deviceLabels.label) },
    once: {
      put: changes((run, item) => once.put(run, item, null)),
      peek: reads(peekForData, timed),
      spend: changes(spendForData),
      exchange: changes(once.exchange),
      voidAny: changes(once.voidAny),
      purge: changes(once.purge),
    },
    approvals: {
      ask: turns(({ approval }) => approval.accountId, approvals.ask),
      waiting: reads(approvals.waiting, timed),
      find: reads(approvals.find, timed),
      answer: turns(ofAccount, approvals.answer),
    },
    counters: {
      take: notes(counters.take),
      settle: notes(counters.settle),
      purge: changes(counters.purge),
    },
    marks: { add: notes(marks.add), purge: changes(marks.purge) },
    outbox: {
      claim: changes(outbox.claim),
      done: changes(outbox.done),
      retry: changes(outbox.retry),
      put: changes(outbox.put),
      page: reads(outbox.page, timed),
      purge: changes(outbox.purge),
    },
    history: {
      page: reads(history.page),
      byAccount: reads(history.byAccount),
      async purge(purge) {
        await numbered();
        return await changes(history.purge)(purge);
      },
    },
    imports: {
      accounts: changes(imports.accounts),
      allot: changes(allotted.allot),
      allotted: reads(allotted.allotted),
      count: reads(imports.count),
      origin: reads(imports.origin),
      verifyEmail: changes(imports.verifyEmail),
      keys: reads(imports.keys),
      key: reads(imports.key),
      noteKeys: changes(imports.noteKeys),
      page: reads(imports.page),
      noteExported: changes(imports.noteExported),
      closed: reads(imports.closed),
    },
    settings: {
      getOrSet: (name, value) => changes((run) => settings.getOrSet(run, name, value))(undefined),
    },
    apart: {
      spend: changes(spends.spendAndTell),
      claimHandovers: changes(apart.claimHandovers),
      gatesOf: reads(signAllOut.gatesOf),
      handedOver: changes(apart.handedOver),
      writeStream: changes(apart.writeStream),
      forgetDevices: changes(devices.forgetAll),
    },
    feed: hub.feed,
    writable: () => database.check(),
    async close() {
      await Promise.all([hub.close(), database.close()]);
    },
  };
}

function* peekForData(run: Run, item: OnceRef): Sentence<string | null> {
  return (yield* once.peek(run, item))?.data ?? null;
}

function* spendForData(run: Run, item: OnceRef): Sentence<string | null> {
  return (yield* once.spend(run, item))?.data ?? null;
}
