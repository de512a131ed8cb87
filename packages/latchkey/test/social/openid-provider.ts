/** A real OpenID provider, at 127.0.0.1: who comes there is asked nothing, and is whoever the test says. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { CLIENT } from './stand-in.ts';

export type Person = Readonly<Record<string, unknown>> & { readonly sub: string };

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

type Context = {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly provider: { readonly Grant: new (given: object) => Grant };
  };
};

type Grant = { addOIDCScope(scope: string): void; save(): Promise<string> };

export async function openIdProvider(callback: string) {
  const state: { person: Person; isDenied: boolean; asked: number } = {
    ...{ person: { sub: 'ann-1' }, isDenied: false },
    /** How often somebody had to sign in there. */
    asked: 0,
  };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [callback],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
      {
        client_id: 'another-app',
        client_secret: 'another-secret',
        redirect_uris: [callback],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: ['k'.repeat(32)] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
    features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
    interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ ...state.person, sub: id }) }),
    async loadExistingGrant({ oidc }: Context) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const serve = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return serve(request, response);
    state.asked++;
    const result = state.isDenied
      ? { error: 'access_denied', error_description: 'call 555-0199 <script>' }
      : { login: { accountId: state.person.sub } };
    return void provider.interactionFinished(request, response, result);
  });
  return {
    url,
    state,
    /** Goes where a browser is sent, with a jar of its own unless one is given; where the provider sends it back to. */
    async visit(to: URL | string, jar = new Map<string, string>()): Promise<URL> {
      for (let at = new URL(to), hops = 0; hops < 10; hops++) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
        const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
        await response.arrayBuffer();
        for (const one of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(one) ?? [];
          jar.set(name, value);
        }
        const next = new URL(response.headers.get('location') ?? callback, at);
        if (next.href.startsWith(callback)) return next;
        at = next;
      }
      throw new Error('The provider sends people round in circles.');
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
