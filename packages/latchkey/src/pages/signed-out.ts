/** What somebody is told who was signed out: why, when, by what, and what to do about it. */
import { html } from 'hono/html';
import type { DeviceSummary } from '../model/device.ts';
import type { Code } from '../model/reasons.ts';
import { deviceName } from '../texts/devices.ts';
import { ago } from '../texts/time.ts';
import { fillIn } from './controls.ts';
import { type Content, type PageContext, page } from './page.ts';
import { nextOf, show, type Visit, withNext } from './visit.ts';

export type SignedOutPageView = {
  /** Why; `not_authenticated` where the browser brings nothing that was a sign-in: nothing ever, or nothing any more. */
  readonly code: Code;
  /** How long ago, in milliseconds; null where that is not known. */
  readonly agoMs: number | null;
  /** What took the place, for `session_displaced`. */
  readonly by: DeviceSummary | null;
  /** The path on this origin that signing in leads to, or null. */
  readonly next: string | null;
  /** Whether a page was asked for that only the signed-in may see. */
  readonly isNeeded: boolean;
};

const told = [
  'session_displaced',
  'session_expired',
  'signed_out',
  'session_revoked',
  'password_changed',
  'account_disabled',
] as const;

const signedOutPage = page<SignedOutPageView>({
  name: 'signed-out',
  title: ({ code, isNeeded }, { words, signedInAs }) => {
    if (signedInAs !== null) return words.frame.account;
    return isNeeded && code === 'not_authenticated' ? words.signIn.title : words.signedOut.title;
  },
  template(view, context) {
    const { signedOut: texts } = context.words;
    const { next } = view;
    if (context.signedInAs !== null) {
      return html`<p>${fillIn(texts.signedIn, { name: context.signedInAs })}</p>
<div class="actions"><a class="button" href="${next ?? '/account/'}">${texts.continue}</a></div>`;
    }
    const isDisplaced = view.code === 'session_displaced';
    return html`<p role="status">${why(view, context)}</p>
<div class="actions"><a class="button" href="${withNext('/login/', next)}">${isDisplaced ? texts.signInHere : texts.signIn}</a>${
      isDisplaced || view.code === 'password_changed'
        ? html` <a class="button plain" href="/not-me/">${texts.notMe}</a>`
        : ''
    }</div>`;
  },
});

function why({ code, agoMs, by, isNeeded }: SignedOutPageView, { words, language }: PageContext): Content {
  const known = told.find((one) => one === code);
  if (known === undefined || agoMs === null) return isNeeded ? words.signedOut.needed : words.signOut.done;
  const device = deviceName(words, by?.name ?? '') || words.deviceNames.unknown;
  return fillIn(words.signedOut[known], { when: ago(language, agoMs), device });
}

/** Looked at by itself: for whoever was sent here by a script, or by a page of the host's. */
export async function showSignedOut(visit: Visit): Promise<Response> {
  return await show(visit, signedOutPage, viewOf(visit, { next: nextOf(visit, null), isNeeded: false }));
}

/** In place of a page that only the signed-in may see; signing in leads back to it. */
export async function askToSignIn(visit: Visit): Promise<Response> {
  const { pathname, search } = visit.url;
  const view = viewOf(visit, { next: pathname + (visit.request.method === 'GET' ? search : ''), isNeeded: true });
  const headers = { 'WWW-Authenticate': 'Token', 'Latchkey-Reason': view.code };
  return await show(visit, signedOutPage, view, { status: 401, headers });
}

function viewOf({ authenticated }: Visit, asked: Pick<SignedOutPageView, 'next' | 'isNeeded'>): SignedOutPageView {
  const refusal = authenticated.live ? null : authenticated.refusal;
  if (refusal?.kind !== 'dead') return { code: 'not_authenticated', agoMs: null, by: null, ...asked };
  const { code, at, by, now } = refusal.refused;
  return { code, agoMs: at === null || now === null ? null : now - at, by, ...asked };
}
