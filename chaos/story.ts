/** Histories made by hand, for the tests: what is not said is as in an uneventful run. */
import { check } from './check.ts';
import type {
  AccountNumber,
  Check,
  Entry,
  Fault,
  KeptSession,
  NewPassword,
  Outcome,
  SignIn,
  SignOut,
  SignUp,
  TokenHash,
} from './history.ts';
import { DEFAULT_RULES, type Rules } from './rules.ts';

/** When it was called and when its answer was there, and who was asked. */
type Asked = {
  readonly at: readonly [called: number, returned: number];
  readonly node?: string;
  readonly outcome?: Outcome;
};
type Whose = Asked & { readonly account?: AccountNumber };

export type Story = {
  readonly entries: readonly Entry[];
  signUp(given: Whose & Partial<Pick<SignUp, 'token' | 'identifier'>>): Story;
  signIn(token: TokenHash | null, given: Whose & Partial<SignIn>): Story;
  signOut(token: TokenHash, given: Whose & { readonly op?: SignOut['op'] }): Story;
  endAll(given: Whose & { readonly kept?: TokenHash }): Story;
  newPassword(password: string, given: Whose & Partial<NewPassword>): Story;
  suspend(given: Whose): Story;
  reactivate(given: Whose): Story;
  setRoles(roles: string, given: Whose): Story;
  live(token: TokenHash, given: Whose & Partial<Pick<Check, 'roles'>>): Story;
  dead(token: TokenHash, given: Whose): Story;
  noVerdict(token: TokenHash, given: Whose): Story;
  spend(artefact: string, given: Asked & { readonly use?: 'link' | 'proof' }): Story;
  list(sessions: readonly string[], given: Whose): Story;
  fault(given: Partial<Fault>): Story;
  /** What is kept of a session. */
  kept(token: TokenHash, given?: Partial<KeptSession>): Story;
  add(...entries: readonly Entry[]): Story;
  keptAll(at?: number): Story;
};

export function story(): Story {
  const entries: Entry[] = [];
  const asked = ({ at: [called, returned], node = 'a', outcome = 'done' }: Asked) => ({
    i: entries.length,
    client: 'one',
    node,
    called,
    returned,
    outcome,
  });
  const whose = (given: Whose) => ({ ...asked(given), account: given.account ?? 1 });
  const add = (...more: readonly Entry[]): Story => {
    entries.push(...more);
    return self;
  };
  const checked = (token: TokenHash, given: Whose, verdict: Check['verdict'], roles: string | null): Story => {
    const isLive = verdict === 'live';
    const why = isLive ? null : verdict === 'dead' ? 'session_displaced' : 'store_unavailable';
    return add({ op: 'check', ...whose(given), token, verdict, why, roles, ...(!isLive && { account: null }) });
  };
  const self: Story = {
    entries,
    add,
    signUp: ({ token = null, identifier = 'ann', ...given }) =>
      add({
        op: 'sign-up',
        ...whose(given),
        token,
        identifier,
        device: `device of ${entries.length}`,
        password: 'first',
      }),
    signIn: (token, { at, node, outcome, ...given }) =>
      add({
        op: 'sign-in',
        ...whose({ at, ...(node !== undefined && { node }), ...(outcome !== undefined && { outcome }) }),
        token,
        device: `device of ${entries.length}`,
        password: 'first',
        ...given,
      }),
    signOut: (token, { op = 'sign-out', ...given }) => add({ op, ...whose(given), token }),
    endAll: ({ kept = null, ...given }) => add({ op: 'end-all', ...whose(given), kept }),
    newPassword: (password, given) =>
      add({
        op: given.op ?? 'change-password',
        ...whose(given),
        kept: given.kept ?? null,
        password,
        artefact: given.artefact ?? null,
      }),
    suspend: (given) => add({ op: 'suspend', ...whose(given) }),
    reactivate: (given) => add({ op: 'reactivate', ...whose(given) }),
    setRoles: (roles, given) => add({ op: 'set-roles', ...whose(given), roles }),
    live: (token, given) => checked(token, given, 'live', given.roles ?? ''),
    dead: (token, given) => checked(token, given, 'dead', null),
    noVerdict: (token, given) => checked(token, { outcome: 'unknown', ...given }, 'none', null),
    spend: (artefact, { use = 'link', ...given }) => add({ op: 'spend', ...asked(given), artefact, use }),
    list: (sessions, given) => add({ op: 'list', ...whose(given), sessions }),
    fault: (given) => add({ op: 'fault', fault: 'kill', node: null, called: 0, returned: 0, cutOff: null, ...given }),
    kept: (token, given = {}) =>
      add({
        op: 'kept-session',
        account: 1,
        session: `session of ${token}`,
        token,
        sequence: entries.filter(({ op }) => op === 'kept-session').length + 1,
        device: null,
        opener: null,
        isLive: true,
        reason: given.isLive === false ? 'displaced' : null,
        endedBy: null,
        ...given,
      }),
    keptAll: (at = 10_000) => add({ op: 'kept-all', at }),
  };
  return self;
}

export const rulesWith = (given: Partial<Rules>): Rules => ({ ...DEFAULT_RULES, limit: 1, ...given });

/** The numbers of the invariants that a history breaks. */
export function accused({ entries }: Pick<Story, 'entries'>, given: Partial<Rules> = {}): readonly string[] {
  return check(entries, rulesWith(given)).flatMap(({ id, violations }) => (violations.length > 0 ? [id] : []));
}
