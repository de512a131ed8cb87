/** Every kind of provider, one row each: where it is, what it is asked for, and what is odd about it. */
import type { ProviderEndpoints, ProviderKind } from '../../model/social.ts';
import { type Claims, claimsIn, emailIn, namesIn, subjectIn, textIn } from './claims.ts';
import { type AskedAbout, byIntrospection, type TokenCheck } from './foreign-token.ts';

/** What a provider without ID tokens tells; who it is comes from its API. */
export type Told = {
  readonly subject: string;
  readonly email: string;
  readonly isEmailVerified: boolean;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
};

export type ProviderRow = {
  readonly name: string;
  /** null where the operator has to say it. */
  readonly issuer: string | null;
  /** null where discovery tells them. */
  readonly endpoints: ProviderEndpoints | null;
  /** Where tokens are asked about, for those with discovery. */
  readonly api?: string;
  readonly scopes: readonly string[];
  /** Whether it takes a proof key (RFC 7636); where it does not, the nonce and the secret bind a code to its flow. */
  readonly hasPkce: boolean;
  /** How the secret is shown; null as its metadata says. */
  readonly secretIn: 'body' | 'header' | null;
  /** It posts the answer to the callback, rather than to have the browser ask with it. */
  readonly postsBack?: true;
  /** Its ID tokens do not carry the nonce that they should. */
  readonly omitsNonce?: true;
  /** Its issuer is another one for each tenant: `{tenantid}` in it stands for the claim `tid`. */
  readonly hasTenants?: true;
  /** What has it ask somebody who is signed in there, and whether it tells when it did; without this it may not ask. */
  readonly asksAgain?: { readonly prompt: 'login' | 'select_account'; readonly tells: boolean };
  /** Whether claims say that the address is verified. */
  readonly isEmailVerified: (claims: Claims) => boolean;
  /** What its API tells of the holder of a token; for those without ID tokens. */
  readonly tell?: (asked: AskedAbout) => Promise<Told>;
  /** Whether an access token that a client brings was made for us; null where nobody can tell. */
  readonly isOurs: TokenCheck | null;
};

/** OpenID Connect has a boolean there; text that says so is none (F6). */
const isSaid = (claims: Claims): boolean => claims['email_verified'] === true;
const never = (): boolean => false;

const OPENID = ['openid', 'email', 'profile'];

export const providers: Readonly<Record<ProviderKind, ProviderRow>> = {
  google: {
    name: 'Google',
    issuer: 'https://accounts.google.com',
    endpoints: null,
    api: 'https://oauth2.googleapis.com',
    scopes: OPENID,
    hasPkce: true,
    secretIn: 'body',
    // It knows no `login`, and does not say when it asked.
    asksAgain: { prompt: 'select_account', tells: false },
    isEmailVerified: isSaid,
    async isOurs({ ask, provider, token }) {
      const claims = claimsIn(await ask(`/tokeninfo?${new URLSearchParams({ access_token: token })}`, {}));
      return claims['aud'] === provider.clientId || provider.otherClientIds.includes(String(claims['aud']));
    },
  },
  github: {
    name: 'GitHub',
    issuer: 'https://github.com/login/oauth',
    endpoints: {
      authorization: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
      api: 'https://api.github.com',
    },
    scopes: ['read:user', 'user:email'],
    hasPkce: true,
    secretIn: 'body',
    isEmailVerified: never,
    tell: tellOfGithub,
    async isOurs({ ask, provider, token, basic }) {
      const path = `/applications/${encodeURIComponent(provider.clientId)}/token`;
      const body = JSON.stringify({ access_token: token });
      const app = claimsIn(claimsIn(await ask(path, { ...basic, 'content-type': 'application/json' }, body))['app']);
      return app['client_id'] === provider.clientId;
    },
  },
  microsoft: {
    name: 'Microsoft',
    issuer: 'https://login.microsoftonline.com/common/v2.0',
    endpoints: null,
    scopes: OPENID,
    hasPkce: true,
    secretIn: 'body',
    hasTenants: true,
    asksAgain: { prompt: 'login', tells: false },
    // Any tenant can give its people any address; this claim alone says that its domain is theirs.
    isEmailVerified: ({ xms_edov: owned }) => owned === true || owned === 1 || owned === '1' || owned === 'true',
    isOurs: null,
  },
  apple: {
    name: 'Apple',
    issuer: 'https://appleid.apple.com',
    endpoints: null,
    scopes: ['openid', 'email', 'name'],
    hasPkce: false,
    secretIn: 'body',
    postsBack: true,
    // Documented as a boolean or as text.
    isEmailVerified: (claims) => isSaid(claims) || claims['email_verified'] === 'true',
    isOurs: null,
  },
  facebook: {
    name: 'Facebook',
    issuer: 'https://www.facebook.com',
    endpoints: {
      authorization: 'https://www.facebook.com/v24.0/dialog/oauth',
      token: 'https://graph.facebook.com/v24.0/oauth/access_token',
      api: 'https://graph.facebook.com/v24.0',
    },
    scopes: ['public_profile', 'email'],
    hasPkce: true,
    secretIn: 'body',
    isEmailVerified: never,
    async tell({ ask, bearer, secretProof }) {
      const query = new URLSearchParams({ fields: 'id,name,first_name,last_name,email', ...secretProof });
      const me = claimsIn(await ask(`/me?${query}`, bearer));
      return {
        subject: subjectIn(me, 'id'),
        // It may be missing (a phone number is enough there), and nobody says whether it is verified.
        email: emailIn(me['email']),
        isEmailVerified: false,
        username: textIn(me, 'name'),
        firstName: textIn(me, 'first_name'),
        lastName: textIn(me, 'last_name'),
      };
    },
    async isOurs({ ask, provider, token, secret }) {
      const query = new URLSearchParams({ input_token: token, access_token: `${provider.clientId}|${secret}` });
      const data = claimsIn(claimsIn(await ask(`/debug_token?${query}`, {}))['data']);
      return data['is_valid'] === true && data['app_id'] === provider.clientId;
    },
  },
  gitlab: {
    name: 'GitLab',
    issuer: 'https://gitlab.com',
    endpoints: null,
    api: 'https://gitlab.com',
    scopes: OPENID,
    hasPkce: true,
    secretIn: 'body',
    isEmailVerified: isSaid,
    async isOurs({ ask, provider, bearer }) {
      const application = claimsIn(claimsIn(await ask('/oauth/token/info', bearer))['application']);
      return application['uid'] === provider.clientId;
    },
  },
  discord: {
    name: 'Discord',
    issuer: 'https://discord.com',
    endpoints: {
      authorization: 'https://discord.com/oauth2/authorize',
      token: 'https://discord.com/api/oauth2/token',
      api: 'https://discord.com/api/v10',
    },
    scopes: ['identify', 'email'],
    hasPkce: true,
    secretIn: 'body',
    isEmailVerified: never,
    async tell({ ask, bearer }) {
      const me = claimsIn(await ask('/users/@me', bearer));
      const email = emailIn(me['email']);
      const names = namesIn(textIn(me, 'global_name'));
      const isEmailVerified = email !== '' && me['verified'] === true;
      return { subject: subjectIn(me, 'id'), email, isEmailVerified, username: textIn(me, 'username'), ...names };
    },
    async isOurs({ ask, provider, bearer }) {
      const application = claimsIn(claimsIn(await ask('/oauth2/@me', bearer))['application']);
      return application['id'] === provider.clientId;
    },
  },
  x: {
    name: 'X',
    issuer: 'https://x.com',
    endpoints: {
      authorization: 'https://x.com/i/oauth2/authorize',
      token: 'https://api.x.com/2/oauth2/token',
      api: 'https://api.x.com/2',
    },
    // Who a person is cannot be read without the right to read posts.
    scopes: ['users.read', 'tweet.read'],
    hasPkce: true,
    secretIn: 'header',
    isEmailVerified: never,
    async tell({ ask, bearer }) {
      const me = claimsIn(claimsIn(await ask('/users/me', bearer))['data']);
      const names = namesIn(textIn(me, 'name'));
      const none = { email: '', isEmailVerified: false };
      return { subject: subjectIn(me, 'id'), ...none, username: textIn(me, 'username'), ...names };
    },
    isOurs: null,
  },
  linkedin: {
    name: 'LinkedIn',
    issuer: 'https://www.linkedin.com/oauth',
    endpoints: null,
    api: 'https://www.linkedin.com/oauth/v2',
    scopes: OPENID,
    hasPkce: false,
    secretIn: 'body',
    omitsNonce: true,
    isEmailVerified: isSaid,
    isOurs: ({ ask, provider, token, secret }) => {
      const body = new URLSearchParams({ client_id: provider.clientId, client_secret: secret, token });
      return byIntrospection(provider, ask('/introspectToken', {}, body));
    },
  },
  oidc: {
    name: 'OpenID Connect',
    issuer: null,
    endpoints: null,
    scopes: OPENID,
    hasPkce: true,
    secretIn: null,
    asksAgain: { prompt: 'login', tells: true },
    isEmailVerified: isSaid,
    isOurs: ({ introspect, provider }) => byIntrospection(provider, introspect()),
  },
};

const EMAILS_A_PAGE = 100;
const MOST_PAGES = 10;

/** Its addresses stand on pages of their own, with which of them are verified. The one in the profile is whatever was typed there. */
async function tellOfGithub({ ask, bearer }: AskedAbout): Promise<Told> {
  const headers = { ...bearer, 'x-github-api-version': '2022-11-28' };
  const me = claimsIn(await ask('/user', headers));
  const verified: Claims[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const listed = await ask(`/user/emails?per_page=${EMAILS_A_PAGE}&page=${page}`, headers);
    if (!Array.isArray(listed)) break;
    const all = listed.map(claimsIn);
    verified.push(...all.filter((one) => one['verified'] === true && emailIn(one['email']) !== ''));
    if (all.length < EMAILS_A_PAGE || verified.some((one) => one['primary'] === true)) break;
  }
  const [first] = verified;
  const primary = verified.find((one) => one['primary'] === true) ?? first;
  return {
    subject: subjectIn(me, 'id'),
    email: emailIn(primary?.['email'] ?? me['email']),
    isEmailVerified: primary !== undefined,
    username: textIn(me, 'login'),
    ...namesIn(textIn(me, 'name')),
  };
}
