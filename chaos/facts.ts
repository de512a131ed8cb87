/** A history by tokens and by accounts, as the invariants look at it. One pass, then what each asks for is sorted when it is asked. */
import { type Beyond, beyond, countBelow } from './beyond.ts';
import {
  type AccountNumber,
  type ChangeOfRoles,
  type ChangeOfState,
  type Check,
  type EndAll,
  type Entry,
  type Fault,
  type Heard,
  type History,
  type KeptAccount,
  type KeptEnding,
  type KeptSession,
  type List,
  latest,
  type NewPassword,
  type NodeReport,
  type Operation,
  type SignIn,
  type SignOut,
  type SignUp,
  type Spend,
  type TokenHash,
} from './history.ts';

export type Opened = SignIn | SignUp;

/** What ends all sessions of an account, but at most one. */
export type AccountWide = EndAll | NewPassword | ChangeOfState;

/** A token, and what is known of how it came to be and what may have ended it. Refused operations are in none of these. */
export type Token = {
  readonly hash: TokenHash;
  readonly account: AccountNumber;
  /** Which sign-in made it; one without an answer where the store told. */
  readonly opening: Opened;
  readonly device: string | null;
  readonly sequence: number | null;
  readonly kept: KeptSession | null;
  readonly signOuts: readonly SignOut[];
  /** Sign-ins that took its place. */
  readonly displacers: readonly Opened[];
};

export type AccountFacts = {
  readonly openings: readonly Opened[];
  readonly wide: readonly AccountWide[];
  readonly passwords: readonly NewPassword[];
  readonly roles: readonly ChangeOfRoles[];
  readonly states: readonly ChangeOfState[];
  readonly tokens: readonly Token[];
  /** The account-wide operation that was acknowledged first, of those that were called after a point. */
  readonly firstWide: Beyond<AccountWide>;
  /** May an account-wide operation have come about between two times, for this token? */
  mayWideEnd(token: TokenHash, from: number, to: number): boolean;
  /** May a later sign-in of the same device? */
  mayDeviceReturn(device: string, opening: Opened, to: number): boolean;
  /** How many sign-ins may have come about between two times. */
  openingsBetween(from: number, to: number): number;
};

export type Facts = {
  readonly tokens: ReadonlyMap<TokenHash, Token>;
  readonly accounts: ReadonlyMap<AccountNumber, AccountFacts>;
  readonly signUps: readonly SignUp[];
  /** Those with a verdict. */
  readonly checks: readonly Check[];
  /** Those without one, too. */
  readonly allChecks: readonly Check[];
  readonly openings: readonly Opened[];
  readonly spends: readonly (Spend | NewPassword)[];
  readonly lists: readonly List[];
  readonly faults: readonly Fault[];
  readonly reports: readonly NodeReport[];
  readonly heard: readonly Heard[];
  /** null where it was not read. */
  readonly kept: Kept | null;
};

export type Kept = {
  readonly at: number;
  readonly accounts: readonly KeptAccount[];
  readonly sessions: readonly KeptSession[];
  readonly endings: readonly KeptEnding[];
};

type OfOp<Op, One = Entry> = One extends { readonly op: infer Own } ? (Op extends Own ? One : never) : never;

type ByOp = { readonly [Op in Entry['op']]: OfOp<Op>[] };

export function factsOf(history: History): Facts {
  const by = sorted(history);
  const openings = [...by['sign-up'], ...by['sign-in']].filter(isPossible);
  const tokens = tokensOf(by, openings);
  const [keptAll] = by['kept-all'];
  return {
    tokens,
    accounts: accountsOf(by, openings, tokens),
    signUps: by['sign-up'],
    checks: by.check.filter(({ verdict }) => verdict !== 'none'),
    allChecks: by.check,
    openings: [...by['sign-up'], ...by['sign-in']],
    spends: [...by.spend, ...by['change-password'], ...by['reset-password']],
    lists: by.list.filter(({ outcome }) => outcome === 'done'),
    faults: by.fault,
    reports: by['node-report'],
    heard: by.heard,
    kept:
      keptAll === undefined
        ? null
        : {
            at: keptAll.at,
            accounts: by['kept-account'],
            sessions: by['kept-session'],
            endings: by['kept-ending'],
          },
  };
}

function sorted(history: History): ByOp {
  const by: ByOp = {
    run: [],
    'sign-up': [],
    'sign-in': [],
    'sign-out': [],
    'end-session': [],
    'end-all': [],
    'change-password': [],
    'reset-password': [],
    suspend: [],
    reactivate: [],
    'set-roles': [],
    check: [],
    spend: [],
    list: [],
    fault: [],
    'node-report': [],
    heard: [],
    'kept-account': [],
    'kept-session': [],
    'kept-ending': [],
    'kept-all': [],
  };
  for (const entry of history) (by[entry.op] as Entry[]).push(entry);
  return by;
}

type Growing = Omit<Token, 'signOuts' | 'displacers'> & { readonly signOuts: SignOut[]; readonly displacers: Opened[] };

function tokensOf(by: ByOp, openings: readonly Opened[]): Map<TokenHash, Growing> {
  const tokens = new Map<TokenHash, Growing>();
  for (const token of bornOf(by['kept-session'], openings)) tokens.set(token.hash, token);
  const signOuts = [...by['sign-out'], ...by['end-session']].filter(isPossible);
  for (const out of signOuts) tokens.get(out.token)?.signOuts.push(out);
  for (const opening of openings) {
    for (const hash of opening.displaced ?? []) tokens.get(hash)?.displacers.push(opening);
  }
  noteDisplacers(by['kept-session'], tokens);
  return tokens;
}

const isPossible = ({ outcome }: Operation): boolean => outcome !== 'refused';

/** The tokens that are known by an answer, or by what was kept. */
function bornOf(sessions: readonly KeptSession[], openings: readonly Opened[]): readonly Growing[] {
  const byToken = new Map(sessions.map((kept) => [kept.token, kept]));
  const byOpener = new Map(sessions.map((kept) => [kept.opener, kept]));
  return openings.flatMap((opening) => {
    const kept = (opening.token === null ? byOpener.get(opening.i) : byToken.get(opening.token)) ?? null;
    const hash = opening.token ?? kept?.token;
    const account = opening.account ?? kept?.account;
    if (hash === undefined || account === undefined) return [];
    const device = opening.device ?? kept?.device ?? null;
    const sequence = opening.sequence ?? kept?.sequence ?? null;
    return [{ hash, account, opening, device, sequence, kept, signOuts: [], displacers: [] }];
  });
}

/** Who took whose place stands with the session that went. */
function noteDisplacers(sessions: readonly KeptSession[], tokens: ReadonlyMap<TokenHash, Growing>): void {
  const tokenOf = new Map(sessions.map(({ session, token }) => [session, token]));
  for (const { token, endedBy } of sessions) {
    const opening = endedBy === null ? undefined : tokens.get(tokenOf.get(endedBy) ?? '')?.opening;
    const gone = tokens.get(token);
    if (opening !== undefined && gone?.displacers.includes(opening) === false) gone.displacers.push(opening);
  }
}

type Lists = {
  readonly openings: Opened[];
  readonly wide: AccountWide[];
  readonly passwords: NewPassword[];
  readonly roles: ChangeOfRoles[];
  readonly states: ChangeOfState[];
  readonly tokens: Token[];
};

function accountsOf(
  by: ByOp,
  openings: readonly Opened[],
  tokens: ReadonlyMap<TokenHash, Token>,
): Map<AccountNumber, AccountFacts> {
  const lists = new Map<AccountNumber, Lists>();
  const of = (account: AccountNumber): Lists => {
    const known = lists.get(account);
    if (known !== undefined) return known;
    const made: Lists = { openings: [], wide: [], passwords: [], roles: [], states: [], tokens: [] };
    lists.set(account, made);
    return made;
  };
  for (const token of tokens.values()) of(token.account).tokens.push(token);
  const accountOf = new Map(by['kept-session'].map(({ opener, account }) => [opener, account]));
  for (const opening of openings) {
    const account = opening.account ?? accountOf.get(opening.i);
    if (account !== undefined) of(account).openings.push(opening);
  }
  const passwords = [...by['change-password'], ...by['reset-password']].filter(isPossible);
  const ends = [...by['end-all'], ...by.suspend].filter(isPossible);
  for (const entry of passwords) of(entry.account).passwords.push(entry);
  for (const entry of [...ends, ...passwords]) of(entry.account).wide.push(entry);
  for (const entry of by['set-roles'].filter(isPossible)) of(entry.account).roles.push(entry);
  const states = [...by.suspend, ...by.reactivate].filter(isPossible);
  for (const entry of states) of(entry.account).states.push(entry);
  return new Map([...lists].map(([account, found]) => [account, accountFacts(found)]));
}

const keptBy = (operation: AccountWide): TokenHash | null => ('kept' in operation ? operation.kept : null);

function accountFacts(lists: Lists): AccountFacts {
  const firstWide = beyond(
    lists.wide
      .filter(({ outcome }) => outcome === 'done')
      .map((item) => ({ at: item.called, value: item.returned, hiddenFrom: keptBy(item), item })),
  );
  const lastWide = beyond(
    lists.wide.map((item) => ({ at: -item.called, value: -latest(item), hiddenFrom: keptBy(item), item })),
  );
  const byDevice = new Map(
    [...Map.groupBy(devicesOf(lists), ({ device }) => device)].map(([device, uses]) => [
      device,
      beyond(
        uses.map(({ opening }) => ({
          at: -opening.called,
          value: -latest(opening),
          hiddenFrom: opening.i,
          item: opening,
        })),
      ),
    ]),
  );
  const calls = Float64Array.from(lists.openings, ({ called }) => called).sort();
  const ends = Float64Array.from(lists.openings, latest).sort();
  const isLateEnough = (found: { readonly value: number } | null | undefined, from: number): boolean =>
    found !== null && found !== undefined && -found.value >= from;
  return {
    ...lists,
    firstWide,
    mayWideEnd: (token, from, to) => isLateEnough(lastWide(-to, token), from),
    mayDeviceReturn: (device, opening, to) => isLateEnough(byDevice.get(device)?.(-to, opening.i), opening.called),
    openingsBetween: (from, to) => countBelow(calls, to) - countBelow(ends, from),
  };
}

/** Sign-ins by their devices; of a new one that nobody answered, the store may tell. */
function devicesOf({ openings, tokens }: Lists): readonly { readonly device: string; readonly opening: Opened }[] {
  const told = new Map(tokens.map(({ opening, device }) => [opening, device]));
  return openings.flatMap((opening) => {
    const device = opening.device ?? told.get(opening) ?? null;
    return device === null ? [] : [{ device, opening }];
  });
}

/** What surely ended a token, and since when. */
export type CertainEnd = { readonly at: number; readonly by: SignOut | Opened | AccountWide };

/** The first acknowledged operation that says that it ended the token. */
export function certainEnd(facts: Facts, token: Token): CertainEnd | null {
  const answered = [...token.signOuts, ...token.displacers].filter(({ outcome }) => outcome === 'done');
  const wide =
    token.opening.outcome === 'done'
      ? facts.accounts.get(token.account)?.firstWide(token.opening.returned, token.hash)
      : null;
  const ends = [...answered, ...(wide === null || wide === undefined ? [] : [wide.item])];
  const [first] = ends.sort((a, b) => a.returned - b.returned);
  return first === undefined ? null : { at: first.returned, by: first };
}

/** May anything have ended the token before a time? Never says no where something may have. */
export function mayHaveEnded(
  { accounts }: Pick<Facts, 'accounts'>,
  token: Token,
  { before, limit, lifetimeMs }: { readonly before: number; readonly limit: number; readonly lifetimeMs: number },
): boolean {
  const account = accounts.get(token.account);
  if (account === undefined || before - token.opening.called >= lifetimeMs) return true;
  if (token.signOuts.some(({ called }) => called < before)) return true;
  if (account.mayWideEnd(token.hash, token.opening.called, before)) return true;
  if (token.device !== null && account.mayDeviceReturn(token.device, token.opening, before)) return true;
  // Its own sign-in is among those that are counted.
  return account.openingsBetween(token.opening.called, before) - 1 >= limit;
}
