/** A browser's way to a provider and back. */
import assert from 'node:assert/strict';
import type { Answer, TestServer } from '../http/serving.ts';
import { Browser } from '../pages/browser.ts';
import type { StandIn } from './stand-in.ts';

/** Goes to a provider; the address that it was sent to. */
export async function go(browser: Browser, provider = 'acme', query = ''): Promise<URL> {
  const gone = await browser.look(`/auth/social/${provider}/begin/${query}`);
  assert.equal(gone.status, 303, gone.text);
  return new URL(gone.headers.get('location') ?? '');
}

/** Comes back from there with these parameters; a state is the one that was sent unless another is given. */
export async function back(
  browser: Browser,
  to: URL,
  said: Readonly<Record<string, string>> = { code: 'code-1' },
  provider = 'acme',
): Promise<Answer> {
  const query = new URLSearchParams({ state: to.searchParams.get('state') ?? '', ...said });
  return await browser.look(`/auth/social/${provider}/callback/?${query}`, { 'sec-fetch-site': 'cross-site' });
}

/** There and back at a stand-in, which gives an ID token of these claims and of the nonce that it was sent. */
export async function trip(
  server: TestServer,
  provider: StandIn,
  claims: Readonly<Record<string, unknown>>,
  { name = 'acme', browser = new Browser(server) }: { readonly name?: string; readonly browser?: Browser } = {},
) {
  const to = await go(browser, name);
  provider.identifies({ nonce: to.searchParams.get('nonce'), ...claims });
  return { browser, answer: await back(browser, to, { code: 'code-1' }, name) };
}

/** Is somebody signed in, and as whom? */
export async function whoIs(browser: Browser): Promise<string | null> {
  const page = await browser.look('/account/');
  return /Signed in as <bdi>([^<]*)</.exec(page.text)?.[1] ?? null;
}

/** It was refused, with the page that says no more than that. */
export function assertFailed(answer: Answer): void {
  assert.equal(answer.status, 400, answer.text);
  assert.match(answer.text, /You were not signed in, and nothing was changed/);
}

export function assertEntered(answer: Answer, to = '/account/'): void {
  assert.equal(answer.status, 302, answer.text);
  assert.equal(answer.headers.get('location'), to);
}
