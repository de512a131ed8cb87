/** How the providers by which people sign in are given, in code or as JSON, and what may be wrong with them. */
import { providers as rows } from './credentials/social/providers.ts';
import { isLoopbackHost } from './model/network.ts';
import type { ClientSecret, ProviderEndpoints, ProviderKind, SocialProvider } from './model/social.ts';
import { type Option, option, Problem } from './options.ts';

/** What an operator has from a provider, and what differs from the usual. */
export type ProviderOptions = {
  /** What kind of provider it is, where its name does not say so. */
  readonly kind?: ProviderKind;
  /** What people call it. */
  readonly name?: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Apple, in place of a secret: the team, the key's id, and the key (PEM). */
  readonly teamId?: string;
  readonly keyId?: string;
  readonly privateKey?: string;
  /** Of an OpenID Connect provider, exactly as its ID tokens have it. */
  readonly issuer?: string;
  /** Microsoft: a tenant's id, `organizations` or `consumers`, in place of `common`. */
  readonly tenant?: string;
  /** Of an installation of one's own, such as GitHub Enterprise. */
  readonly endpoints?: ProviderEndpoints;
  readonly scopes?: readonly string[];
  /** Clients of an app of one's own whose ID tokens count as well. */
  readonly otherClientIds?: readonly string[];
  /** Where else codes may be sent that an app brings here. */
  readonly callbackUrls?: readonly string[];
  /** `false`: what it says of addresses is not believed. */
  readonly trustEmail?: boolean;
  /** `true`: access tokens count of which nobody can tell for whom they were made. Anybody's app can sign its users in here then. */
  readonly dangerouslyTakeAnyToken?: boolean;
};

type Shape = Readonly<Record<keyof ProviderOptions, 'text' | 'texts' | 'flag' | 'endpoints' | 'kind'>>;

const SHAPE: Shape = {
  kind: 'kind',
  name: 'text',
  clientId: 'text',
  clientSecret: 'text',
  teamId: 'text',
  keyId: 'text',
  privateKey: 'text',
  issuer: 'text',
  tenant: 'text',
  endpoints: 'endpoints',
  scopes: 'texts',
  otherClientIds: 'texts',
  callbackUrls: 'texts',
  trustEmail: 'flag',
  dangerouslyTakeAnyToken: 'flag',
};

const NEEDED: Readonly<Record<Shape[keyof Shape], string>> = {
  kind: `must be one of ${Object.keys(rows).join(', ')}`,
  text: 'must be text and not empty',
  texts: 'must be a list of texts',
  flag: 'must be true or false',
  endpoints: 'must have the URLs authorization, token and api, by https',
};

type Given = Readonly<Record<string, ProviderOptions>>;

export function providersByName({ env }: { readonly env: string }): Option<Given, readonly SocialProvider[]> {
  return option<Given, readonly SocialProvider[]>({ env, fallback: [], shown: 'none' }, (given) => {
    const all = typeof given === 'string' ? parsed(given) : given;
    if (!isRecord(all)) return new Problem(`must be providers by name${typeof given === 'string' ? ', as JSON' : ''}`);
    const flaws = Object.entries(all).flatMap(([id, one]) => flawsOf(id, one).map((flaw) => `${id} ${flaw}`));
    if (flaws.length > 0) return new Problem(`must be providers by name, and is not right: ${flaws.join('; ')}`);
    return Object.entries(all as Given).map(([id, one]) => providerFrom(id, one));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong, and never what was given: it may be a secret in the wrong place. */
function flawsOf(id: string, given: unknown): readonly string[] {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id) || id === 'accounts') {
    return ['is no name for a provider: small letters, digits and - alone, and not accounts'];
  }
  if (!isRecord(given)) return ['must be an object'];
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(SHAPE, name));
  const wrong = Object.entries(SHAPE).filter(([name, kind]) => given[name] !== undefined && !isOf(kind, given[name]));
  const flaws = [
    ...unknown.map((name) => `has no ${name}`),
    ...wrong.map(([name, kind]) => `.${name} ${NEEDED[kind]}`),
  ];
  return flaws.length > 0 ? flaws : missingIn(id, given as ProviderOptions);
}

function isOf(kind: Shape[keyof Shape], value: unknown): boolean {
  switch (kind) {
    case 'kind':
      return typeof value === 'string' && Object.hasOwn(rows, value);
    case 'text':
      return isText(value);
    case 'texts':
      return Array.isArray(value) && value.every(isText);
    case 'flag':
      return typeof value === 'boolean';
    case 'endpoints':
      return isRecord(value) && ['authorization', 'token', 'api'].every((name) => isAskable(value[name]));
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** An address of https, or of this machine. */
function isAskable(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

function kindOf(id: string, { kind }: ProviderOptions): ProviderKind {
  return kind ?? (Object.hasOwn(rows, id) ? (id as ProviderKind) : 'oidc');
}

/** What has to be there, and what does not go together. */
function missingIn(id: string, given: ProviderOptions): readonly string[] {
  const kind = kindOf(id, given);
  const row = rows[kind];
  const { clientId, issuer, tenant, endpoints } = given;
  const flaws: string[] = [];
  if (clientId === undefined) flaws.push('needs a clientId: it is what the provider gave you for this site');
  if (issuer === undefined && row.issuer === null) flaws.push('needs an issuer, such as https://id.example');
  if (issuer !== undefined && !isAskable(issuer)) flaws.push('.issuer must be a URL by https');
  if (tenant !== undefined && kind !== 'microsoft') flaws.push('has no tenant: that is for microsoft');
  if (endpoints !== undefined && row.tell === undefined)
    flaws.push('has no endpoints: give its issuer, which tells them');
  return [...flaws, ...secretFlaws(kind, given)];
}

function secretFlaws(
  kind: ProviderKind,
  { clientSecret, teamId, keyId, privateKey }: ProviderOptions,
): readonly string[] {
  const flaws: string[] = [];
  const key = [teamId, keyId, privateKey].filter((one) => one !== undefined).length;
  if (key !== 0 && (key !== 3 || kind !== 'apple' || clientSecret !== undefined)) {
    flaws.push('has teamId, keyId and privateKey together, in place of clientSecret, and for apple alone');
  }
  if (key === 0 && clientSecret === undefined && kind !== 'oidc') {
    flaws.push(kind === 'apple' ? 'needs teamId, keyId and privateKey' : 'needs a clientSecret');
  }
  return flaws;
}

function providerFrom(id: string, given: ProviderOptions): SocialProvider {
  const kind = kindOf(id, given);
  const row = rows[kind];
  const { clientId, name, issuer, tenant, endpoints, scopes } = given;
  const secret = secretFrom(given);
  const usual = tenant === undefined ? row.issuer : (row.issuer?.replace('common', encodeURIComponent(tenant)) ?? null);
  return {
    id,
    kind,
    name: name ?? (kind === 'oidc' ? id : row.name),
    clientId,
    secret: () => secret,
    otherClientIds: given.otherClientIds ?? [],
    issuer: issuer ?? usual ?? '',
    endpoints: endpoints ?? row.endpoints,
    scopes: scopes ?? row.scopes,
    callbackUrls: given.callbackUrls ?? [],
    trustsEmail: given.trustEmail ?? true,
    takesAnyToken: given.dangerouslyTakeAnyToken ?? false,
  };
}

function secretFrom({ clientSecret, teamId, keyId, privateKey }: ProviderOptions): ClientSecret {
  if (clientSecret !== undefined) return { kind: 'text', text: clientSecret };
  if (teamId === undefined || keyId === undefined || privateKey === undefined) return { kind: 'none' };
  return { kind: 'key', teamId, keyId, privateKey };
}
