/**
 * What passes between a provider and us: OAuth 2.0 and OpenID Connect by `oauth4webapi`, loaded with the first request. What is wrong
 * is a `ProviderFailure`. Tokens of a provider are used here and kept nowhere.
 */
import { createHash } from 'node:crypto';
import type { AuthorizationServer, Client, ClientAuth, JWKSCacheInput } from 'oauth4webapi';
import type { Identity, SocialProvider } from '../../model/social.ts';
import { type BoundedFetch, fetchFor, readJson } from './bounded-fetch.ts';
import { type Claims, claimsIn, emailIn, subjectIn, textIn } from './claims.ts';
import { basicOf, proofOfSecret, secretText, signingKey } from './client-secret.ts';
import { ProviderFailure, reasonIn } from './failure.ts';
import type { AskedAbout } from './foreign-token.ts';
import { secondsNow } from './provider-time.ts';
import { type ProviderRow, providers } from './providers.ts';

type Library = typeof import('oauth4webapi');

/** A provider as we speak to it. */
type Peer = {
  readonly lib: Library;
  readonly provider: SocialProvider;
  readonly row: ProviderRow;
  readonly as: AuthorizationServer;
  readonly client: Client;
  /** Its keys, as the library has them. */
  readonly keys: JWKSCacheInput;
  readonly fetch: BoundedFetch;
};

/** What one way to a provider and back is made of. */
export type Trip = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** Since when somebody must have been asked there, in seconds since 1970; null where it does not matter. */
  readonly askedSince: number | null;
};

/** What a client brings that went to the provider by itself. */
export type Brought =
  | { readonly kind: 'code'; readonly code: string; readonly verifier: string | null; readonly redirectUri: string }
  | {
      readonly kind: 'id_token';
      readonly idToken: string;
      readonly nonce: string | null;
      readonly accessToken: string | null;
    }
  | { readonly kind: 'access_token'; readonly accessToken: string };

/** Does it say who somebody is by ID tokens? */
function hasIdTokens({ kind }: Pick<SocialProvider, 'kind'>): boolean {
  return providers[kind].tell === undefined;
}

/** Where the browser has to go. Nothing in it comes from the browser. */
export async function authorizationUrl(provider: SocialProvider, trip: Trip): Promise<string> {
  return await attempt(provider, 'begin', async ({ lib, as, row, client }) => {
    const url = new URL(as.authorization_endpoint ?? '');
    const parameters = {
      client_id: client.client_id,
      redirect_uri: trip.redirectUri,
      response_type: 'code',
      scope: provider.scopes.join(' '),
      state: trip.state,
      ...(hasIdTokens(provider) && { nonce: trip.nonce }),
      ...(row.hasPkce && {
        code_challenge: await lib.calculatePKCECodeChallenge(trip.verifier),
        code_challenge_method: 'S256',
      }),
      ...(row.postsBack && { response_mode: 'form_post' }),
      ...(trip.askedSince !== null && askAgain(row)),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  });
}

/** OpenID Connect Core, 3.1.2.1: somebody who is signed in there is to be asked all the same, and it says when that was. */
function askAgain({ asksAgain }: ProviderRow): Readonly<Record<string, string>> {
  if (asksAgain === undefined) return {};
  return { prompt: asksAgain.prompt, ...(asksAgain.tells && { max_age: '0' }) };
}

/** Who somebody is whom the provider sends back with a code. */
export async function identityOfCallback(
  provider: SocialProvider,
  trip: Trip,
  parameters: URLSearchParams,
): Promise<Identity> {
  return await attempt(provider, 'exchange', async (peer) => {
    const good = peer.lib.validateAuthResponse(peer.as, peer.client, parameters, trip.state);
    const verifier = peer.row.hasPkce ? trip.verifier : null;
    const askedSince = peer.row.asksAgain?.tells === true ? trip.askedSince : null;
    return await exchange(peer, good, { redirectUri: trip.redirectUri, verifier, nonce: trip.nonce, askedSince });
  });
}

/** Who somebody is by what a client of theirs brings. */
export async function identityOfBrought(provider: SocialProvider, brought: Brought): Promise<Identity> {
  const stage = brought.kind === 'code' ? 'exchange' : 'identity';
  return await attempt(provider, stage, async (peer) => {
    if (brought.kind === 'access_token') return await identityOfToken(peer, brought.accessToken);
    if (brought.kind === 'id_token') return await identityOfIdToken(peer, brought);
    const { lib, as, client } = peer;
    const code = new URLSearchParams({ code: brought.code });
    // The client was sent the answer, and looked at its state and issuer.
    const unsaid = { ...as, authorization_response_iss_parameter_supported: false };
    const good = lib.validateAuthResponse(unsaid, client, code, lib.skipStateCheck);
    return await exchange(peer, good, { ...brought, nonce: null, askedSince: null });
  });
}

/** Looks at what can be looked at without anybody signing in. Throws `ProviderFailure`. */
export async function lookAtProvider(provider: SocialProvider): Promise<void> {
  const secret = provider.secret();
  if (secret.kind === 'key') signingKey(secret.privateKey);
  await attempt(provider, 'begin', async ({ as }) => {
    const isWhole = [as.authorization_endpoint, as.token_endpoint].every((url) => typeof url === 'string');
    if (!isWhole) throw new Error('it names no endpoints');
  });
}

async function attempt<Done>(
  provider: SocialProvider,
  stage: ProviderFailure['stage'],
  work: (peer: Peer) => Promise<Done>,
): Promise<Done> {
  try {
    return await work(await peerFor(provider));
  } catch (error) {
    if (error instanceof ProviderFailure) throw error;
    throw new ProviderFailure(provider.id, stage, reasonIn(error));
  }
}

/** What an ID token has to say beside who somebody is. */
type Expected = { readonly nonce: string | null; readonly askedSince: number | null };

type Exchanged = Expected & { readonly redirectUri: string; readonly verifier: string | null };

async function exchange(
  peer: Peer,
  good: URLSearchParams,
  { redirectUri, verifier, ...expected }: Exchanged,
): Promise<Identity> {
  const { lib, provider, as, client } = peer;
  const response = await lib.authorizationCodeGrantRequest(
    as,
    client,
    clientAuth(peer),
    good,
    redirectUri,
    verifier ?? lib.nopkce,
    optionsFor(peer),
  );
  if (!hasIdTokens(provider)) {
    const { access_token: token } = await lib.processAuthorizationCodeResponse(as, client, await tidied(response));
    return await told(peer, token);
  }
  return await identityOfResponse(peer, response, expected);
}

/** Some errors come with status 200 (GitHub), and some tokens without their type. */
async function tidied(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const body = claimsIn(await response.json());
  const status = typeof body['error'] === 'string' ? 400 : 200;
  return Response.json({ token_type: 'bearer', ...body }, { status });
}

/** An answer with an ID token: all of its claims are looked at, then its signature, then the access token beside it. */
async function identityOfResponse(peer: Peer, response: Response, { nonce, askedSince }: Expected): Promise<Identity> {
  const { lib, client, row, keys } = peer;
  const claimed = await claimsOf(response);
  const as = row.hasTenants === true ? { ...peer.as, issuer: issuerOf(peer.as.issuer, claimed) } : peer.as;
  const claimedNonce = textIn(claimed, 'nonce') || undefined;
  // A client that chose one compares it itself, where it does not tell us.
  const expectedNonce = nonce === null || (row.omitsNonce && claimedNonce === undefined) ? claimedNonce : nonce;
  const result = await lib.processAuthorizationCodeResponse(as, client, response, {
    ...(expectedNonce !== undefined && { expectedNonce }),
    // So many seconds ago, and no more but for clocks that differ.
    ...(askedSince !== null && { maxAge: Math.max(0, secondsNow() - askedSince) }),
    requireIdToken: true,
  });
  await lib.validateApplicationLevelSignature(as, response, { ...optionsFor(peer), [lib.jwksCache]: keys });
  const claims = claimsIn(lib.getValidatedIdTokenClaims(result));
  refuseOtherToken(result.id_token ?? '', claims, result.access_token);
  const isShort = claims['email'] === undefined && as.userinfo_endpoint !== undefined;
  if (!isShort || result.access_token === NO_TOKEN) return identityIn(peer, claims, claims);
  return identityIn(peer, claims, await userInfo(peer, result.access_token, subjectIn(claims, 'sub')));
}

/** What the ID token of an answer says, unchecked. */
async function claimsOf(response: Response): Promise<Claims> {
  if (response.status !== 200) return {};
  const { id_token: idToken } = claimsIn(await response.clone().json());
  return typeof idToken === 'string' ? part(idToken, 1) : {};
}

/** A part of a JSON web token, unchecked. */
function part(token: string, index: 0 | 1): Claims {
  try {
    return claimsIn(JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString('utf8')));
  } catch {
    return {};
  }
}

/** OpenID Connect Core, 3.1.3.6. Where the algorithm is none that we know, nothing is right (F5). */
function refuseOtherToken(idToken: string, { at_hash: expected }: Claims, accessToken: string): void {
  if (expected === undefined || accessToken === NO_TOKEN) return;
  const { alg } = part(idToken, 0);
  const name = hashes[typeof alg === 'string' ? alg : ''];
  if (name === undefined) throw new Error('at_hash of an unknown algorithm');
  const digest = createHash(name).update(accessToken, 'ascii').digest();
  if (digest.subarray(0, digest.length / 2).toString('base64url') !== expected)
    throw new Error('at_hash of another token');
}

const hashes: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(
    ['RS', 'PS', 'ES'].flatMap((kind) => [256, 384, 512].map((bits) => [`${kind}${bits}`, `sha${bits}`])),
  ),
  EdDSA: 'sha512',
  Ed25519: 'sha512',
});

/** Stands where a client brings an ID token alone. */
const NO_TOKEN = 'none';

/** An ID token by itself is looked at as one that the provider sent: its issuer is pinned, its audience is one of ours. */
async function identityOfIdToken(
  peer: Peer,
  { idToken, nonce, accessToken }: Extract<Brought, { kind: 'id_token' }>,
): Promise<Identity> {
  const { provider, client } = peer;
  if (!hasIdTokens(provider)) throw new Error('it has no ID tokens');
  const { aud } = part(idToken, 1);
  const ours = [provider.clientId, ...provider.otherClientIds].find((id) => [aud].flat().includes(id));
  const response = Response.json({ access_token: accessToken ?? NO_TOKEN, token_type: 'bearer', id_token: idToken });
  return await identityOfResponse({ ...peer, client: { ...client, client_id: ours ?? client.client_id } }, response, {
    nonce,
    askedSince: null,
  });
}

async function identityOfToken(peer: Peer, token: string): Promise<Identity> {
  const { provider, row } = peer;
  // Whose subject it is, its tenant says, and that stands in ID tokens alone.
  if (row.hasTenants) throw new Error('an access token does not say whose it is');
  if (!provider.takesAnyToken) {
    if (row.isOurs === null) throw new Error('nobody can tell for whom an access token was made');
    if (!(await row.isOurs(askedAbout(peer, token)))) throw new Error('an access token of another client');
  }
  if (!hasIdTokens(provider)) return await told(peer, token);
  const claims = await userInfo(peer, token, peer.lib.skipSubjectCheck);
  return identityIn(peer, { ...claims, iss: provider.issuer }, claims);
}

async function told(peer: Peer, token: string): Promise<Identity> {
  const { provider, row } = peer;
  if (row.tell === undefined) throw new Error('it has ID tokens');
  const { isEmailVerified, ...rest } = await row.tell(askedAbout(peer, token));
  const isVerified = provider.trustsEmail && isEmailVerified && rest.email !== '';
  return { issuer: provider.issuer, ...rest, isEmailVerified: isVerified };
}

async function userInfo(
  { lib, as, client, ...peer }: Peer,
  token: string,
  subject: string | Library['skipSubjectCheck'],
): Promise<Claims> {
  const response = await lib.userInfoRequest(as, client, token, optionsFor({ lib, ...peer }));
  return claimsIn(await lib.processUserInfoResponse(as, client, subject, response));
}

/** Who it is, by `iss` and `sub`; `about` says the rest, the address and whether it is verified from one place. */
function identityIn({ provider, row }: Peer, who: Claims, about: Claims): Identity {
  const email = emailIn(about['email']);
  const name = textIn(about, 'preferred_username') || textIn(about, 'nickname');
  return {
    issuer: subjectIn(who, 'iss'),
    subject: subjectIn(who, 'sub'),
    email,
    isEmailVerified: provider.trustsEmail && email !== '' && row.isEmailVerified(about),
    username: name.split('@')[0] ?? '',
    firstName: textIn(about, 'given_name'),
    lastName: textIn(about, 'family_name'),
  };
}

function askedAbout(peer: Peer, token: string): AskedAbout {
  const { lib, provider, as, client } = peer;
  const secret = secretText(provider);
  return {
    provider,
    token,
    secret,
    bearer: { authorization: `Bearer ${token}` },
    basic: { authorization: basicOf(provider.clientId, secret) },
    secretProof: secret === '' ? {} : { appsecret_proof: proofOfSecret(secret, token) },
    ask: (path, headers, body) => readJson(peer.fetch, apiOf(peer) + path, headers, body ?? null),
    async introspect() {
      const response = await lib.introspectionRequest(as, client, clientAuth(peer), token, optionsFor(peer));
      return await lib.processIntrospectionResponse(as, client, response);
    },
  };
}

/** An installation of somebody's own has it at its issuer. */
function apiOf({ provider: { issuer, endpoints }, row }: Pick<Peer, 'provider' | 'row'>): string {
  const usual = issuer === row.issuer ? row.api : undefined;
  return endpoints?.api ?? usual ?? new URL(issuer).origin;
}

function clientAuth({ lib, provider, row, as }: Peer): ClientAuth {
  const secret = secretText(provider);
  if (secret === '') return lib.None();
  const known = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const usual = known.includes('client_secret_basic') ? 'header' : 'body';
  if ((row.secretIn ?? usual) === 'body') return lib.ClientSecretPost(secret);
  return (_, { client_id: id }, __, headers) => headers.set('authorization', basicOf(id, secret));
}

/** Which address may be asked is looked at by `fetch` itself, which knows plain http of this machine. */
function optionsFor({ lib, fetch }: Pick<Peer, 'lib' | 'fetch'>) {
  return { [lib.customFetch]: fetch, [lib.allowInsecureRequests]: true };
}

/** For so long a provider's endpoints are taken to be the same. Its keys are looked at anew more often, by the library. */
const KNOWN_MS = 3_600_000;

type Known = {
  readonly as: Promise<AuthorizationServer>;
  readonly keys: JWKSCacheInput;
  /** The same one each time: by it the library knows that two want the same keys. */
  readonly fetch: BoundedFetch;
  readonly since: number;
};

const known = new WeakMap<SocialProvider, Known>();

async function peerFor(provider: SocialProvider): Promise<Peer> {
  const lib = await import('oauth4webapi');
  const row = providers[provider.kind];
  const client = { client_id: provider.clientId };
  const before = known.get(provider);
  const isKnown = before !== undefined && performance.now() - before.since < KNOWN_MS;
  const { as, keys, fetch } = isKnown ? before : begin({ lib, provider, row });
  return { lib, provider, row, client, as: await as, keys, fetch };
}

/** One tenant's issuer, or the one of all. */
const TENANT = /^\/(?:\{tenantid\}|[\da-f-]{36})\/v2\.0$/;

type Unknown = Pick<Peer, 'lib' | 'provider' | 'row'>;

function begin(unknown: Unknown): Known {
  const { provider } = unknown;
  const fetch = fetchFor(provider);
  const begun = { as: serverOf(unknown, fetch), keys: {}, fetch, since: performance.now() };
  known.set(provider, begun);
  // One that could not be reached is asked again.
  begun.as.catch(() => known.delete(provider));
  return begun;
}

async function serverOf({ lib, provider, row }: Unknown, fetch: BoundedFetch): Promise<AuthorizationServer> {
  const { issuer, endpoints } = provider;
  if (endpoints !== null) {
    return { issuer, authorization_endpoint: endpoints.authorization, token_endpoint: endpoints.token };
  }
  const url = new URL(issuer);
  const response = await lib.discoveryRequest(url, optionsFor({ lib, fetch }));
  if (!row.hasTenants) {
    const as = await lib.processDiscoveryResponse(url, response);
    if (as.issuer !== issuer) throw new Error('its metadata has another issuer');
    return as;
  }
  const as = claimsIn(await response.json()) as AuthorizationServer;
  const { origin } = url;
  const isIts =
    typeof as.issuer === 'string' && as.issuer.startsWith(origin) && TENANT.test(as.issuer.slice(origin.length));
  if (!isIts) throw new Error('its metadata has another issuer');
  return as;
}

/** The issuer of the tenant that an ID token names, which its claims are then held against. */
function issuerOf(template: string, { tid }: Claims): string {
  if (!template.includes(TENANT_ID)) return template;
  const isTenant = typeof tid === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(tid);
  if (!isTenant) throw new Error('it names no tenant');
  return template.replace(TENANT_ID, tid);
}

const TENANT_ID = '{tenantid}';
