import { html } from 'hono/html';
import { signOut as endOwn, signOutOver } from '../flows/sign-out.ts';
import { refusedIn } from '../http/authenticate.ts';
import { noSessionCookies, readCookie, sessionCookieName } from '../http/cookies.ts';
import { fillIn } from './controls.ts';
import { page } from './page.ts';
import { nextOf, readForm, sendOn, show, type Visit } from './visit.ts';

export type SignOutView = {
  /** The path on this origin that leads on after it, or null. */
  readonly next: string | null;
};

const signOutPage = page<SignOutView>({
  name: 'sign-out',
  title: (_, { words }) => words.signOut.title,
  template({ next }, { words, signedInAs }) {
    if (signedInAs === null) {
      return html`<p>${words.signOut.nobody}</p><p class="links"><a href="/login/">${words.frame.signIn}</a></p>`;
    }
    return html`<p>${fillIn(words.signOut.lead, { name: signedInAs })}</p>
<form method="post">${next === null ? '' : html`<input type="hidden" name="next" value="${next}">`}<button class="block">${words.signOut.action}</button></form>
<p class="links"><a href="/account/">${words.form.cancel}</a></p>`;
  },
});

const signedOutNowPage = page<Record<never, never>>({
  name: 'sign-out-done',
  title: (_, { words }) => words.signOut.doneTitle,
  template: (_, { words }) =>
    html`<p>${words.signOut.done}</p><p class="links"><a href="/login/">${words.signOut.again}</a></p>`,
});

/** Looking at it changes nothing: anybody can make a browser look. */
export async function showSignOut(visit: Visit): Promise<Response> {
  return await show(visit, signOutPage, { next: nextOf(visit, null) });
}

/** Ends the session of the cookie. One that is over stays over, and touches nobody's. */
export async function signOut(visit: Visit): Promise<Response> {
  const { parts, visitor, request } = visit;
  const next = nextOf(visit, await readForm(visit));
  const refused = refusedIn(visit.authenticated);
  if (visitor !== null) await endOwn(parts, visitor.who.session);
  else if (refused !== null) await signOutOver(parts, refused);
  const hasCookie = readCookie(request.headers.get('cookie'), sessionCookieName(parts.settings)) !== null;
  const cookies = hasCookie ? noSessionCookies(parts.settings, request) : [];
  if (next !== null) return sendOn(visit, next, { status: 302, cookies });
  return await show({ ...visit, visitor: null }, signedOutNowPage, {}, { cookies });
}
