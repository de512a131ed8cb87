/** What clients do, each once: one request, and one record of it. */
import { newKey } from '../packages/latchkey/test/dpop/prover.ts';
import type { Check, Opening, Operation } from './history.ts';
import { KeyHolders } from './key-holders.ts';
import { addressOf } from './place.ts';
import type { Recorder } from './recorder.ts';
import type { Told } from './said.ts';
import type { Seeded } from './seeded.ts';
import type { Node } from './supervisor.ts';
import { type Answered, type Asked, type Line, outcomeOf } from './wire.ts';
import {
  deviceOf,
  identified,
  type KnownAccount,
  type KnownToken,
  likelyPassword,
  passwordText,
  type World,
} from './world.ts';

export type ActsParts = {
  readonly world: World;
  readonly record: Recorder;
  readonly random: Seeded;
};

/** Who does it, and where. */
export type At = { readonly client: string; readonly node: Node };

type Body = Readonly<Record<string, unknown>>;

/** Tells whose the token is. */
const SHOWN = '/auth/session/';

/** So many sign-ins bind their session to a key. */
const BOUND = 0.15;

const isBody = (body: unknown): body is Body => typeof body === 'object' && body !== null;

const textIn = (body: unknown, name: string): string | null => {
  const value = isBody(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : null;
};

export class Acts {
  readonly #world: World;
  readonly #record: Recorder;
  readonly #random: Seeded;
  readonly #keys = new KeyHolders();

  constructor({ world, record, random }: ActsParts) {
    this.#world = world;
    this.#record = record;
    this.#random = random;
  }

  /** Signs up; the answer signs in as well. The account, where there is one. */
  async signUp(
    at: At,
    { username, email }: { readonly username: string; readonly email: string },
  ): Promise<KnownAccount | null> {
    const i = this.#record.next();
    const password = `p${i}`;
    const [password1, password2] = [passwordText(password), passwordText(password)];
    const body = { username, password1, password2, ...(email !== '' && { email }) };
    const headers = { 'x-forwarded-for': addressOf(i) };
    const answered = await at.node.line.ask({ path: '/auth/registration/', body, headers });
    const opening = this.#openingOf({ i, at, answered, password, sent: null });
    const key = textIn(answered.body, 'key');
    const number = opening.token === null || key === null ? null : identified(key).account;
    this.#record.add({ op: 'sign-up', ...opening, account: number, identifier: username.toLowerCase() });
    if (number === null || key === null) return null;
    const account: KnownAccount = { number, username, email, passwords: [password], tokens: [] };
    this.#world.opened(account, { token: key, deviceToken: textIn(answered.body, 'device'), key: null });
    return account;
  }

  /** Signs in, sometimes from a device that was here before, sometimes with a key to bind the session to. Those that it will have displaced. */
  async signIn(at: At, account: KnownAccount): Promise<readonly KnownToken[]> {
    const i = this.#record.next();
    const password = likelyPassword(account, this.#random);
    const known = account.tokens.flatMap(({ deviceToken }) => deviceToken ?? []);
    const sent = known.length > 0 && this.#random.chance(0.25) ? this.#random.pick(known) : null;
    const clientKey = this.#random.chance(BOUND) ? newKey() : null;
    const answered = await this.#keys.ask(at.node.line, clientKey, {
      path: '/auth/login/',
      body: { username: account.username, password: passwordText(password) },
      headers: { 'x-forwarded-for': addressOf(i), ...(sent !== null && { 'latchkey-device': sent }) },
    });
    const opening = this.#openingOf({ i, at, answered, password, sent });
    this.#record.add({ op: 'sign-in', ...opening, account: account.number });
    const key = textIn(answered.body, 'key');
    if (opening.token === null || key === null) return [];
    return this.#world.opened(account, { token: key, deviceToken: textIn(answered.body, 'device'), key: clientKey });
  }

  #openingOf(given: {
    readonly i: number;
    readonly at: At;
    readonly answered: Answered;
    readonly password: string;
    readonly sent: string | null;
  }): Opening {
    const { i, at, answered, password, sent } = given;
    const asked = operation(i, at, answered);
    const key = asked.outcome === 'done' ? textIn(answered.body, 'key') : null;
    const device = deviceOf(key === null ? sent : textIn(answered.body, 'device'));
    return { ...asked, token: key === null ? null : identified(key).hash, device, password };
  }

  /** Is it live? By the line for probes where nobody waits for the answer. */
  async check(at: At, known: KnownToken, line: Line = at.node.line): Promise<void> {
    const i = this.#record.next();
    const answered = await this.#keys.ask(line, known.key, { path: SHOWN, token: known.token });
    const asked = operation(i, at, answered);
    const verdict = asked.outcome === 'done' ? 'live' : isRefused(answered) ? 'dead' : 'none';
    if (verdict === 'dead') this.#world.died(known);
    const shown = verdict === 'live' ? shownIn(answered.body) : null;
    known.session = shown?.session ?? known.session;
    const check: Check = {
      op: 'check',
      ...asked,
      token: known.hash,
      verdict,
      account: shown?.account ?? null,
      roles: shown?.roles ?? null,
      why: answered.reason ?? (answered.status === null ? 'no_answer' : null),
    };
    this.#record.add(check);
  }

  async list(at: At, known: KnownToken): Promise<void> {
    const { asked, answered } = await this.#ask(at, known, { path: '/auth/sessions/' });
    const listed = Array.isArray(answered.body) ? answered.body.flatMap((one) => textIn(one, 'id') ?? []) : [];
    this.#record.add({ op: 'list', ...asked, account: known.account.number, sessions: listed });
  }

  async signOut(at: At, known: KnownToken): Promise<void> {
    const { asked } = await this.#ask(at, known, { path: '/auth/logout/', method: 'POST' });
    this.#record.add({ op: 'sign-out', ...asked, account: known.account.number, token: known.hash });
    if (asked.outcome === 'done') this.#world.died(known);
  }

  /** One session ends another of its account. */
  async endSession(at: At, by: KnownToken, other: KnownToken): Promise<void> {
    if (other.session === null) return await this.check(at, other);
    const path = `/auth/sessions/${other.session}/`;
    const { asked } = await this.#ask(at, by, { path, method: 'DELETE' });
    this.#record.add({ op: 'end-session', ...asked, account: other.account.number, token: other.hash });
    if (asked.outcome === 'done') this.#world.died(other);
  }

  async endOthers(at: At, by: KnownToken): Promise<void> {
    const { asked } = await this.#ask(at, by, { path: '/auth/sessions/end-others/', method: 'POST' });
    this.#record.add({ op: 'end-all', ...asked, account: by.account.number, kept: by.hash });
    if (asked.outcome === 'done') this.#world.allDied(by.account, by);
  }

  async changePassword(at: At, by: KnownToken): Promise<void> {
    const i = this.#record.next();
    const password = `p${i}`;
    const [new_password1, new_password2] = [passwordText(password), passwordText(password)];
    const body = { new_password1, new_password2 };
    const answered = await this.#keys.ask(at.node.line, by.key, {
      path: '/auth/password/change/',
      body,
      token: by.token,
    });
    const asked = operation(i, at, answered);
    const { account } = by;
    this.#record.add({
      op: 'change-password',
      ...asked,
      account: account.number,
      kept: by.hash,
      password,
      artefact: null,
    });
    if (asked.outcome !== 'refused') this.#world.newPassword(account, password);
    if (asked.outcome === 'done') this.#world.allDied(account, by);
  }

  /** Asks for a link; whether it was mailed is seen by its coming. */
  async askForLink(at: At, account: KnownAccount): Promise<void> {
    await at.node.line.ask({ path: '/auth/password/reset/', body: { email: account.email } });
  }

  async resetPassword(at: At, account: KnownAccount, token: string): Promise<void> {
    const i = this.#record.next();
    const password = `p${i}`;
    const [new_password1, new_password2] = [passwordText(password), passwordText(password)];
    const body = { uid: account.number.toString(36), token, new_password1, new_password2 };
    const answered = await at.node.line.ask({ path: '/auth/password/reset/confirm/', body });
    const asked = operation(i, at, answered);
    const artefact = `link ${token.slice(0, 8)} of ${account.number}`;
    this.#record.add({ op: 'reset-password', ...asked, account: account.number, kept: null, password, artefact });
    if (asked.outcome !== 'refused') this.#world.newPassword(account, password);
    if (asked.outcome === 'done') this.#world.allDied(account, null);
  }

  async suspend(at: At, account: KnownAccount): Promise<void> {
    const { asked } = await this.#tell(at, '/suspend', { account: account.number });
    this.#record.add({ op: 'suspend', ...asked, account: account.number });
    if (asked.outcome === 'done') this.#world.allDied(account, null);
  }

  /** Whether it is known to be done. */
  async reactivate(at: At, account: KnownAccount): Promise<boolean> {
    const { asked } = await this.#tell(at, '/reactivate', { account: account.number });
    this.#record.add({ op: 'reactivate', ...asked, account: account.number });
    return asked.outcome === 'done';
  }

  async endAll(at: At, account: KnownAccount): Promise<void> {
    const { asked } = await this.#tell(at, '/end-all', { account: account.number });
    this.#record.add({ op: 'end-all', ...asked, account: account.number, kept: null });
    if (asked.outcome === 'done') this.#world.allDied(account, null);
  }

  async setRoles(at: At, account: KnownAccount): Promise<void> {
    const i = this.#record.next();
    const roles = `r${i}`;
    const answered = await at.node.tell('/roles', { account: account.number, roles: [roles] });
    this.#record.add({ op: 'set-roles', ...operation(i, at, answered), account: account.number, roles });
  }

  /** Shows one proof of a bound session more than once, to whom it is given. */
  async showAgain(at: readonly (At | Promise<At>)[], known: KnownToken): Promise<void> {
    if (known.key === null) return;
    const { artefact, proof } = this.#keys.proofOf(known.key, { path: SHOWN, token: known.token });
    await Promise.all(
      at.map(async (when) => {
        const one = await when;
        const i = this.#record.next();
        const answered = await one.node.line.ask({ path: SHOWN, token: known.token, proof });
        this.#keys.heard(known, answered);
        this.#record.add({ op: 'spend', ...operation(i, one, answered), artefact, use: 'proof' });
      }),
    );
  }

  async #ask(
    at: At,
    { token, key }: KnownToken,
    given: Omit<Asked, 'token' | 'proof'>,
  ): Promise<{ readonly asked: Operation; readonly answered: Answered }> {
    const i = this.#record.next();
    const answered = await this.#keys.ask(at.node.line, key, { ...given, token });
    return { asked: operation(i, at, answered), answered };
  }

  async #tell<Path extends keyof Told>(at: At, path: Path, told: Told[Path]): Promise<{ readonly asked: Operation }> {
    const i = this.#record.next();
    return { asked: operation(i, at, await at.node.tell(path, told)) };
  }
}

/** A proof that is no good says nothing of the session. */
function isRefused({ status, reason }: Answered): boolean {
  return status === 401 && reason !== 'use_dpop_nonce' && reason !== 'invalid_dpop_proof';
}

function operation(i: number, { client, node }: At, answered: Answered): Operation {
  const { called, returned } = answered;
  return { i, client, node: node.name, called, returned, outcome: outcomeOf(answered) };
}

/** What `session/` shows of a live one. */
function shownIn(
  body: unknown,
): { readonly account: number; readonly roles: string; readonly session: string | null } | null {
  const user = isBody(body) ? body['user'] : null;
  const session = isBody(body) ? textIn(body['session'], 'id') : null;
  if (!isBody(user)) return null;
  const { pk, roles } = user;
  return { account: Number(pk), roles: Array.isArray(roles) ? roles.join(',') : '', session };
}
