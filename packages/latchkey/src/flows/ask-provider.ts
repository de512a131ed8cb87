/** Who somebody is to a provider: by what a client of theirs brings, or by sending them there and back. */
import { ProviderFailure } from '../credentials/social/failure.ts';
import {
  authorizationUrl,
  type Brought,
  identityOfBrought,
  identityOfCallback,
  type Trip,
} from '../credentials/social/protocol.ts';
import { secondsNow } from '../credentials/social/provider-time.ts';
import { hashOfLinkSecret, newLinkSecret } from '../crypto/token.ts';
import type { SessionId } from '../model/account.ts';
import type { OnceRef } from '../model/once.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { callbackPath, type Identity, type SocialProvider } from '../model/social.ts';
import { social as texts } from '../texts/api.ts';
import { takeOne } from './attempts.ts';
import type { Parts } from './parts.ts';
import { type Asking, requireFresh } from './require-fresh.ts';

/** The provider of a name. Throws `not_found`: one that was taken out of the settings finishes nothing any more. */
export function providerOf({ settings }: Parts, id: string): SocialProvider {
  const provider = settings.social.providers.find((one) => one.id === id);
  if (provider === undefined) throw new Refusal('not_found');
  return provider;
}

/** Where a provider sends people back to: what an operator registers there. */
export function callbackUrl({ settings }: Pick<Parts, 'settings'>, providerId: string): string {
  return settings.origin + settings.basePath + callbackPath(providerId);
}

/** What a client brings, and may say of it. */
export type BroughtByClient = {
  readonly accessToken: string;
  readonly code: string;
  readonly idToken: string;
  readonly nonce: string | null;
  readonly verifier: string | null;
  /** Where the code was sent, or null for the usual place. */
  readonly callbackUrl: string | null;
};

/** A JSON web token, by its looks. */
const TOKEN_WITH_PARTS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Who somebody is by what their client brings. Throws `invalid_input`, as dj-rest-auth words it; `not_found`, `too_many_attempts`.
 */
export async function identityFromClient(
  parts: Parts,
  {
    provider,
    brought,
    network,
  }: { readonly provider: SocialProvider; readonly brought: BroughtByClient; readonly network: string | null },
): Promise<Identity> {
  const what = broughtTo(parts, provider, brought);
  await countAsking(parts, network);
  return await orRefused(parts, () => identityOfBrought(provider, what));
}

/** An ID token says most, and for whom; then comes a code, which only we can use. */
function broughtTo(parts: Parts, provider: SocialProvider, brought: BroughtByClient): Brought {
  const { accessToken, code, idToken, nonce, verifier } = brought;
  const isToken = TOKEN_WITH_PARTS.test(idToken) && provider.kind !== 'github' && provider.kind !== 'facebook';
  if (isToken) return { kind: 'id_token', idToken, nonce, accessToken: accessToken === '' ? null : accessToken };
  if (accessToken !== '') return { kind: 'access_token', accessToken };
  if (code === '') throw invalidInput({ non_field_errors: [texts.inputMissing] });
  const [usual = callbackUrl(parts, provider.id), ...others] = provider.callbackUrls;
  const known = [usual, ...others, callbackUrl(parts, provider.id)];
  const redirectUri = brought.callbackUrl ?? usual;
  if (!known.includes(redirectUri)) throw invalidInput({ callback_url: [texts.callbackUnknown] });
  return { kind: 'code', code, verifier, redirectUri };
}

/** Each asks somebody else's server: there is an end to it for one network. */
async function countAsking(parts: Parts, network: string | null): Promise<void> {
  const { attempts } = parts.settings;
  if (attempts !== 'off' && network !== null) await takeOne(parts, 'provider', network, attempts.perNetwork);
}

/** A failure is for the log. Whoever asked is told which of two things it was. */
async function orRefused<Done>(parts: Parts, work: () => Promise<Done>): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { provider, stage, message: why } = error;
    parts.warn({ provider, stage, why }, 'a sign-in by another provider failed');
    throw invalidInput({ non_field_errors: [stage === 'exchange' ? texts.exchangeFailed : texts.incorrect] });
  }
}

/** For so long somebody may be at a provider. */
export const TRIP_MS = 10 * 60_000;

const PURPOSE = 'social-sign-in';

/** What somebody is sent there for: to sign in, or to connect who they are there to the account of their session. */
export type Errand = { readonly next: string | null; readonly session: SessionId | null };

/** What the browser carries there and back, sealed: what it brings back must fit, and another browser has none of it. */
type Carried = Omit<Trip, 'redirectUri'> &
  Errand & {
    readonly provider: string;
    /** As it was set up: what goes to one issuer and client comes back to no other that has its name by then. */
    readonly issuer: string;
    readonly clientId: string;
  };

export type Departure = {
  readonly to: string;
  /** For a cookie of this browser. */
  readonly carried: string;
};

/** Sends somebody to a provider; with `asking`, to connect. Throws `not_found`, `too_many_attempts`, `reauthentication_required`, and `invalid_input` where the provider cannot be reached. */
export async function sendToProvider(
  parts: Parts,
  given: {
    readonly providerId: string;
    readonly next: string | null;
    readonly asking: Asking | null;
    /** Whether somebody who is signed in there is to be asked all the same: they are here to show again who they are. */
    readonly isAgain: boolean;
    readonly network: string | null;
  },
): Promise<Departure> {
  const provider = providerOf(parts, given.providerId);
  const { asking, next } = given;
  if (asking !== null) await requireFresh(parts, asking);
  await countAsking(parts, given.network);
  const [state, nonce, verifier] = [newLinkSecret(), newLinkSecret(), newLinkSecret()];
  const askedSince = given.isAgain ? secondsNow() : null;
  const trip = { state, nonce, verifier, askedSince };
  const redirectUri = callbackUrl(parts, provider.id);
  const to = await orRefused(parts, () => authorizationUrl(provider, { ...trip, redirectUri }));
  await parts.store.once.put({ ...refOf(state), lifetimeMs: TRIP_MS, data: '' });
  const { id, issuer, clientId } = provider;
  const carried: Carried = { provider: id, issuer, clientId, ...trip, next, session: asking?.session.id ?? null };
  return { to, carried: Buffer.from(parts.keys.seal(PURPOSE, JSON.stringify(carried))).toString('base64url') };
}

function refOf(state: string): OnceRef {
  return { purpose: PURPOSE, hash: hashOfLinkSecret(PURPOSE, state) };
}

export type Returned = Errand & {
  readonly provider: SocialProvider;
  readonly identity: Identity;
};

/**
 * Takes somebody in whom a provider sends back. The state is used up before their code is: of two at once one goes on, and a provider
 * that sees a code twice takes back what it gave for it. Throws `invalid_input` for all that does not fit: another browser, another
 * provider, a state that is used or too old, an error of the provider's; `not_found`, `too_many_attempts`.
 */
export async function takeBack(
  parts: Parts,
  back: {
    readonly providerId: string;
    readonly carried: string | null;
    readonly parameters: URLSearchParams;
    /** The session of the browser that comes back, or null. */
    readonly session: SessionId | null;
    readonly network: string | null;
  },
): Promise<Returned> {
  const provider = providerOf(parts, back.providerId);
  const carried = carriedIn(parts, back.carried);
  const [state, another] = back.parameters.getAll('state');
  if (carried === null || !isOf(carried, provider) || state !== carried.state || another !== undefined) throw misfit();
  if (carried.session !== null && carried.session !== back.session) throw misfit();
  await countAsking(parts, back.network);
  if ((await parts.store.once.spend(refOf(carried.state))) === null) throw misfit();
  const trip = { ...carried, redirectUri: callbackUrl(parts, provider.id) };
  const identity = await orRefused(parts, () => identityOfCallback(provider, trip, back.parameters));
  return { provider, identity, next: carried.next, session: carried.session };
}

function isOf(carried: Carried, { id, issuer, clientId }: SocialProvider): boolean {
  return carried.provider === id && carried.issuer === issuer && carried.clientId === clientId;
}

function misfit(): Refusal {
  return invalidInput({ non_field_errors: [texts.incorrect] });
}

/** What the browser carries, if it is ours. */
function carriedIn({ keys }: Parts, sealed: string | null): Carried | null {
  try {
    return sealed === null ? null : (JSON.parse(keys.open(PURPOSE, Buffer.from(sealed, 'base64url'))) as Carried);
  } catch {
    return null;
  }
}

/** Where somebody wanted to go who comes back with nothing to show for it, or null. */
export function nextOfCarried(parts: Parts, sealed: string | null): string | null {
  return carriedIn(parts, sealed)?.next ?? null;
}
