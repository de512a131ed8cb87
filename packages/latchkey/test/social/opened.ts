/** A server with stand-ins for its providers. */
import type { LatchkeyOptions } from 'latchkey';
import type { ProviderOptions } from '../../src/social-options.ts';
import { testServer } from '../http/serving.ts';
import { Browser } from '../pages/browser.ts';
import { CLIENT, standIn } from './stand-in.ts';

type Options = Omit<LatchkeyOptions, 'social'> & {
  readonly linkByEmail?: boolean;
  /** Of `acme`, beside its issuer and client. */
  readonly acme?: Partial<ProviderOptions>;
};

/** `acme` is a stand-in; `other` is another one. */
export async function opened({ linkByEmail = true, acme = {}, ...options }: Options = {}) {
  const [provider, other] = [await standIn(), await standIn()];
  const providers = {
    acme: { issuer: provider.url, name: 'Acme', ...CLIENT, ...acme },
    other: { issuer: other.url, name: 'Other', ...CLIENT },
  };
  const server = await testServer({ social: { providers, linkByEmail }, ...options });
  return {
    provider,
    other,
    server,
    browser: new Browser(server),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}
