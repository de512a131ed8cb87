import { html } from 'hono/html';
import { closeAccount } from '../flows/close-account.ts';
import { hasPassword } from '../flows/confirm-password.ts';
import { requireStepUpOf } from '../flows/step-up.ts';
import { noSessionCookies } from '../http/cookies.ts';
import { checkFields, text } from '../http/fields.ts';
import { complaints, field, fillIn } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, show } from './visit.ts';

export type CloseAccountView = FormView & {
  readonly username: string;
  /** Of an account without one, a sign-in of a moment ago is. */
  readonly isPasswordAsked: boolean;
};

const closeAccountPage = page<CloseAccountView>({
  name: 'close-account',
  title: (_, { words }) => words.closeAccount.title,
  template(view, { words }) {
    const { closeAccount: texts } = words;
    const password = { name: 'password', label: words.fields.password, autocomplete: 'current-password' };
    return html`<p>${fillIn(texts.lead, { name: view.username })}</p>${complaints(words, view, ['password'])}<form method="post">
${view.isPasswordAsked ? field(words, view, { ...password, type: 'password' }) : ''}<button class="block danger">${texts.action}</button></form>
<p class="links"><a href="/account/data/">${words.form.cancel}</a></p>`;
  },
});

const accountClosedPage = page<Record<never, never>>({
  name: 'account-closed',
  title: (_, { words }) => words.closeAccount.doneTitle,
  template: (_, { words }) => html`<p role="status">${words.closeAccount.done}</p>`,
});

export async function showClosing(visit: SignedInVisit): Promise<Response> {
  const { id, username } = visit.visitor.account;
  await requireStepUpOf(visit.parts, visit.visitor.who);
  const isPasswordAsked = await hasPassword(visit.parts, id);
  return await show(visit, closeAccountPage, { ...EMPTY_FORM, username, isPasswordAsked });
}

/** Asks for the password, where there is one, however fresh the sign-in is: what a form does here cannot be undone. */
export async function close(visit: SignedInVisit): Promise<Response> {
  const { parts, network, visitor, speech } = visit;
  const form = await readForm(visit);
  const isPasswordAsked = await hasPassword(parts, visitor.account.id);
  const asked = isPasswordAsked ? [text('password', { whiteSpace: 'counts' })] : [];
  const checked = checkFields(asked, form.body, { isPartial: false });
  const password = isPasswordAsked ? form.text('password') : null;
  const outcome =
    'flaws' in checked ? checked : await orFlaws(() => closeAccount(parts, { ...visitor.who, password, network }));
  if ('flaws' in outcome) {
    const view = { values: {}, flaws: flawsInWords(speech, outcome.flaws), isPasswordAsked };
    return await show(visit, closeAccountPage, { ...view, username: visitor.account.username }, { status: 400 });
  }
  const cookies = noSessionCookies(parts.settings, visit.request);
  return await show({ ...visit, visitor: null }, accountClosedPage, {}, { cookies });
}
