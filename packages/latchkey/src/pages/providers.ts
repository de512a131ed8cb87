/** Signing in by other providers, in a browser: to the provider and back. */
import { html } from 'hono/html';
import { nextOfCarried, providerOf, sendToProvider, TRIP_MS, takeBack } from '../flows/ask-provider.ts';
import { connectReturned } from '../flows/connect-providers.ts';
import { signInWithProvider } from '../flows/sign-in-with-provider.ts';
import { linkCookie, linkCookieName, readCookie } from '../http/cookies.ts';
import { type Code, Refusal } from '../model/reasons.ts';
import { callbackPath, type Identity } from '../model/social.ts';
import { flawInWords } from '../texts/flaws.ts';
import { carriedSecret, dropSecret } from './carried-secret.ts';
import { toConfirm } from './confirm.ts';
import { CONNECTIONS } from './connections.ts';
import { enter, visitingCaller } from './entering.ts';
import { page } from './page.ts';
import { isAsked } from './provider-links.ts';
import { toSecondStep } from './second-step.ts';
import { showCheckMail } from './sign-up.ts';
import { askToSignIn } from './signed-out.ts';
import { type Form, nextOf, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

/**
 * Sends somebody on to a provider. Where another site sends them here they have to choose it on our own page: somebody who is signed
 * in at the provider would be signed in here by merely looking at that site, and some other device be signed out.
 */
export async function begin(visit: Visit): Promise<Response> {
  const { parts, visitor, params, url, network } = visit;
  const { id: providerId } = providerOf(parts, params['provider'] ?? '');
  const isConnecting = url.searchParams.get('do') === 'connect';
  const isAgain = isAsked(visit);
  const next = nextOf(visit, null);
  if (!isFromHere(visit)) return sendOn(visit, isConnecting ? CONNECTIONS : withNext('/login/', next));
  if (isConnecting && visitor === null) return await askToSignIn(visit);
  const asking = isConnecting && visitor !== null ? visitor.who : null;
  try {
    const { to, carried } = await sendToProvider(parts, { providerId, next, asking, isAgain, network });
    return sendOn(visit, to, { cookies: [linkCookie(parts.settings, 'provider', carried, TRIP_MS)] });
  } catch (error) {
    if (isStale(error)) return toConfirm(visit, CONNECTIONS);
    return await showFailed(visit, error, next);
  }
}

function isStale(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'reauthentication_required';
}

/** Does one of our pages lead here, or did somebody type it? Browsers that do not say are told by the page before. */
function isFromHere({ request: { headers }, parts }: Visit): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const referrer = headers.get('referer');
  if (referrer === null || !URL.canParse(referrer)) return false;
  const { origin } = new URL(referrer);
  return origin === parts.settings.origin || parts.settings.corsOrigins.includes(origin);
}

/** What a provider says goes into an address of ours, and nothing else. */
const SAID = ['code', 'state', 'iss', 'error'];

/**
 * Apple posts its answer, from its own site: no cookie of ours comes along, and nothing is believed yet. The browser is sent to ask
 * with it, and brings its cookies then. The name, which is told this once, waits in one of them.
 */
export async function takePost(visit: Visit): Promise<Response> {
  const { parts, params } = visit;
  const { id } = providerOf(parts, params['provider'] ?? '');
  const form = await readForm(visit);
  const query = new URLSearchParams(SAID.flatMap((name) => (form.text(name) === '' ? [] : [[name, form.text(name)]])));
  const to = `${parts.settings.basePath}${callbackPath(id)}?${query}`;
  const cookies = [nameCookie(visit, form)];
  return sendOn(visit, to, { cookies });
}

const NAME = 'provider name';
const NAME_MS = 60_000;

/** Sealed, with the state that it came with. */
type ToldName = { readonly state: string; readonly firstName: string; readonly lastName: string };

function nameCookie({ parts }: Visit, form: Form): string {
  const told = { state: form.text('state'), ...nameIn(form.text('user')) } satisfies ToldName;
  const sealed = Buffer.from(parts.keys.seal(NAME, JSON.stringify(told))).toString('base64url');
  return linkCookie(parts.settings, 'provider-name', sealed, NAME_MS);
}

const LONGEST_NAME = 150;

function nameIn(user: string): Pick<ToldName, 'firstName' | 'lastName'> {
  const text = (value: unknown): string =>
    typeof value === 'string' ? value.slice(0, LONGEST_NAME).toWellFormed() : '';
  try {
    const { name } = JSON.parse(user) as {
      readonly name?: { readonly firstName?: unknown; readonly lastName?: unknown };
    };
    return { firstName: text(name?.firstName), lastName: text(name?.lastName) };
  } catch {
    return { firstName: '', lastName: '' };
  }
}

function withToldName(visit: Visit, identity: Identity): Identity {
  const { parts, url } = visit;
  const sealed = cookieOf(visit, 'provider-name');
  if (sealed === null || identity.firstName !== '' || identity.lastName !== '') return identity;
  try {
    const told = JSON.parse(parts.keys.open(NAME, Buffer.from(sealed, 'base64url'))) as ToldName;
    const isOfThis = told.state === url.searchParams.get('state');
    return isOfThis ? { ...identity, firstName: told.firstName, lastName: told.lastName } : identity;
  } catch {
    return identity;
  }
}

function cookieOf({ request, parts }: Visit, purpose: 'provider' | 'provider-name'): string | null {
  return readCookie(request.headers.get('cookie'), linkCookieName(parts.settings, purpose));
}

/** Takes somebody in whom a provider sends back. */
export async function comeBack(visit: Visit): Promise<Response> {
  const carried = cookieOf(visit, 'provider');
  try {
    return await arrive(visit, carried);
  } catch (error) {
    return await showFailed(visit, error, nextOfCarried(visit.parts, carried));
  }
}

async function arrive(visit: Visit, carried: string | null): Promise<Response> {
  const { parts, params, url, visitor, network } = visit;
  const back = await takeBack(parts, {
    ...{ providerId: params['provider'] ?? '', carried, parameters: url.searchParams, network },
    session: visitor?.who.session.id ?? null,
  });
  const taken = dropped(visit);
  if (back.session !== null && visitor !== null) {
    await connectReturned(parts, visitor.who.session, back);
    return sendOn(visit, `${CONNECTIONS}?connected=1`, { cookies: taken });
  }
  const form = formLeadingTo(back.next);
  const invitation = carriedSecret(visit, 'invitation');
  const shown = { ...back, identity: withToldName(visit, back.identity), invitation, network };
  const outcome = await signInWithProvider(parts, { ...shown, caller: await visitingCaller(visit) });
  if (invitation !== null) taken.push(dropSecret(visit, 'invitation'));
  if (outcome.kind === 'verification-sent') return await showCheckMail(visit, taken);
  if (outcome.kind === 'second-step') return toSecondStep(visit, form, outcome, taken);
  return await enter(visit, outcome, form, taken);
}

function dropped(visit: Visit): string[] {
  const taken = [dropSecret(visit, 'provider')];
  return cookieOf(visit, 'provider-name') === null ? taken : [...taken, dropSecret(visit, 'provider-name')];
}

/** The provider's answer says nothing of where to go: that was carried. */
function formLeadingTo(next: string | null): Form {
  const text = (name: string): string => (name === 'next' ? (next ?? '') : '');
  return {
    body: { isForm: true, get: (name) => (name === 'next' ? (next ?? '') : undefined), rest: () => ({}) },
    text,
  };
}

export type SocialFailedView = {
  readonly code: Code;
  /** What is wrong, in words; empty where it is told nowhere: the provider's own words never are. */
  readonly told: readonly string[];
  /** The path on this origin that somebody wanted to go to, or null. */
  readonly next: string | null;
};

const socialFailedPage = page<SocialFailedView>({
  name: 'social-failed',
  title: (_, { words }) => words.social.failedTitle,
  template({ code, told, next }, { words }) {
    const again = html`<div class="actions"><a class="button" href="${withNext('/login/', next)}">${words.social.again}</a></div>`;
    const resend = html`<p class="links"><a href="/verify-email/">${words.signIn.resend}</a></p>`;
    const said = told.length === 0 ? [words.social.failed] : told;
    return html`${said.map((text) => html`<p role="alert">${text}</p>`)}${again}${code === 'email_not_verified' ? resend : ''}`;
  },
});

/** One page for whatever was wrong with a state, a code or a token, and for a provider's errors (F1, F14). */
async function showFailed(visit: Visit, error: unknown, next: string | null): Promise<Response> {
  if (!(error instanceof Refusal)) throw error;
  const { code } = error;
  const status = statuses[code];
  if (status === undefined) throw error;
  const cookies = dropped(visit);
  return await show(visit, socialFailedPage, { code, told: toldOf(visit, error), next }, { status, cookies });
}

const statuses: Partial<Readonly<Record<Code, number>>> = {
  invalid_input: 400,
  invalid_credentials: 400,
  email_not_verified: 400,
  registration_closed: 403,
};

function toldOf({ speech, parts }: Visit, { code, flaws }: Refusal): readonly string[] {
  const { words } = speech;
  if (code === 'email_not_verified') return [words.flaws.email_unverified];
  if (code === 'registration_closed') {
    return [parts.settings.accounts.registration === 'closed' ? words.signUp.closed : words.signUp.invitedOnly];
  }
  const all = Object.values(flaws ?? {}).flat();
  const isUniform = (flaw: (typeof all)[number]): boolean => typeof flaw !== 'string' && flaw.code === 'social_failed';
  return all.filter((flaw) => !isUniform(flaw)).map((flaw) => flawInWords(speech, flaw));
}
