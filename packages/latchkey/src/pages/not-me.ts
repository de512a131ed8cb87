/**
 * Where "this was not me" leads. With the link of a mail, which shows that its reader reads the account's mail, a button ends what
 * the mail tells of, and a new password is chosen; without one nothing is proved, and it shows the two ways that do.
 */
import { html } from 'hono/html';
import { disownSession } from '../flows/disown-session.ts';
import { NOT_ME_MS } from '../model/takeover.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { page } from './page.ts';
import { resetAndSignIn } from './reset-password.ts';
import { orFlaws, readForm, sendOn, show, type Visit } from './visit.ts';

export type NotMeView = {
  /** Nothing is at hand; a mail's link is, and a button does what it is for; it was used already, or is too old. */
  readonly state: 'ways' | 'asked' | 'void';
};

const notMePage = page<NotMeView>({
  name: 'not-me',
  title: (_, { words }) => words.notMe.title,
  template({ state }, { words: { notMe: texts, flaws } }) {
    if (state === 'asked') {
      return html`<p>${texts.disownLead}</p><form method="post"><button class="block">${texts.disownAction}</button></form>`;
    }
    const over = state === 'void' ? html`<p role="alert">${flaws.link_void}</p>` : '';
    return html`${over}<p>${texts.lead}</p>
<ol><li>${texts.signIn}</li><li>${texts.change}</li></ol>
<div class="actions"><a class="button" href="/login/?next=%2Faccount%2Fdevices%2F">${texts.signInAction}</a></div>
<h2>${texts.reset}</h2>
<div class="actions"><a class="button plain" href="/password/reset/">${texts.resetAction}</a></div>`;
  },
});

const HERE = '/not-me/';

/** `/not-me/KEY/`: moves the secret out of the address. Looking at a link changes nothing. */
export async function takeKey(visit: Visit): Promise<Response> {
  const secret = visit.params['key'] ?? '';
  const moved = carrySecret(visit, { purpose: 'not-me', secret, lifetimeMs: NOT_ME_MS, to: HERE });
  return moved ?? (await answerVoid(visit));
}

export async function showNotMe(visit: Visit): Promise<Response> {
  const state = carriedSecret(visit, 'not-me') === null ? 'ways' : 'asked';
  return await show(visit, notMePage, { state });
}

/** Ends what the mail told of, and leads straight on to a new password. */
export async function disown(visit: Visit): Promise<Response> {
  await readForm(visit);
  const key = carriedSecret(visit, 'not-me');
  if (key === null) return await answerVoid(visit);
  const outcome = await orFlaws(() => disownSession(visit.parts, key));
  if ('flaws' in outcome) return await answerVoid(visit);
  const { to, cookie } = resetAndSignIn(visit, outcome.done);
  return sendOn(visit, to, { cookies: [dropSecret(visit, 'not-me'), cookie] });
}

async function answerVoid(visit: Visit): Promise<Response> {
  const cookies = carriedSecret(visit, 'not-me') === null ? [] : [dropSecret(visit, 'not-me')];
  return await show(visit, notMePage, { state: 'void' }, { status: 400, cookies });
}
