import { html } from 'hono/html';
import { type Claim, signInWithPassword } from '../flows/sign-in-with-password.ts';
import { checkFields, text } from '../http/fields.ts';
import { isEmail } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { SignInBy } from '../model/settings.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { complaints, field, fillIn, notice } from './controls.ts';
import { enter, visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { type ProviderChoice, providerChoices, providerLinks } from './provider-links.ts';
import { toSecondStep } from './second-step.ts';
import { flawsInWords, landingFor, nextOf, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

export type SignInView = FormView & {
  /** By what people say who they are: the field is called `username` whichever it is. */
  readonly by: SignInBy;
  /** The path on this origin that leads on after it, or null. */
  readonly next: string | null;
  /** Where somebody goes who is signed in already; null where nobody is. */
  readonly continueTo: string | null;
  readonly maySignUp: boolean;
  /** By which somebody can sign in as well. */
  readonly providers: readonly ProviderChoice[];
  /** The password was right, and the address has still to be confirmed. */
  readonly isUnverified: boolean;
};

const labels: Readonly<Record<SignInBy, keyof Catalogue['fields']>> = {
  username: 'username',
  email: 'email',
  username_email: 'usernameOrEmail',
  any: 'usernameOrEmail',
};

const signInPage = page<SignInView>({
  name: 'sign-in',
  title: (_, { words }) => words.signIn.title,
  template(view, { words, signedInAs }) {
    const { next, continueTo } = view;
    const known =
      continueTo === null || signedInAs === null
        ? ''
        : html`${notice(fillIn(words.signIn.signedInAs, { name: signedInAs }))}
<div class="actions"><a class="button" href="${continueTo}">${words.signIn.continue}</a></div>
<p class="muted">${words.signIn.another}</p>`;
    // A name that was not known stays, and the password is what has to be typed again.
    const isNamed = (view.values['username'] ?? '') !== '';
    const label = words.fields[labels[view.by]];
    const username = { name: 'username', label, autocomplete: 'username', isFirst: !isNamed };
    const secret = { name: 'password', label: words.fields.password, autocomplete: 'current-password' };
    const password = { ...secret, isFirst: isNamed };
    return html`${known}${complaints(words, view, ['username', 'password'])}<form method="post">
${field(words, view, { ...username, type: view.by === 'email' ? 'email' : 'text' })}${field(words, view, { ...password, type: 'password' })}${next === null ? '' : html`<input type="hidden" name="next" value="${next}">`}<button class="block">${words.signIn.action}</button></form>
${providerLinks(view.providers, words.social)}<p class="links">${view.isUnverified ? html`<a href="/verify-email/">${words.signIn.resend}</a> ` : ''}<a href="/password/reset/">${words.signIn.forgot}</a>${view.maySignUp ? html` <a href="${withNext('/signup/', next)}">${words.signIn.signUp}</a>` : ''}</p>`;
  },
});

const FIELDS = [text('username', { maxLength: 254 }), text('password', { whiteSpace: 'counts' })];

export async function showSignIn(visit: Visit): Promise<Response> {
  const { visitor, parts } = visit;
  if (visitor !== null && parts.settings.pages.redirectSignedIn) {
    return sendOn(visit, landingFor(visit, null, visitor.who.session.roles), { status: 302 });
  }
  return await show(visit, signInPage, viewOf(visit, nextOf(visit, null), EMPTY_FORM));
}

/** What is wrong is answered with 200, as Django's own page has it: clients that sign in by it look at the status. */
export async function signIn(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  const again = async (flaws: FormView['flaws'], isUnverified = false): Promise<Response> => {
    const values = { username: form.text('username') };
    return await show(visit, signInPage, { ...viewOf(visit, nextOf(visit, form), { values, flaws }), isUnverified });
  };
  const checked = checkFields(FIELDS, form.body, { isPartial: false });
  if ('flaws' in checked) return await again(flawsInWords(visit.speech, checked.flaws));

  const { username = '', password = '' } = checked.values;
  const { parts, network, speech } = visit;
  try {
    const claim = claimOf(parts.settings.accounts.signInBy, username);
    const caller = await visitingCaller(visit);
    const outcome = await signInWithPassword(parts, { claim, password, isStripped: true, caller, network });
    return outcome.kind === 'signed-in' ? await enter(visit, outcome, form) : toSecondStep(visit, form, outcome);
  } catch (error) {
    const code = error instanceof Refusal ? error.code : null;
    if (code === 'invalid_credentials') return await again({ '': [speech.words.flaws.credentials_wrong] });
    if (code === 'email_not_verified') return await again({ '': [speech.words.flaws.email_unverified] }, true);
    throw error;
  }
}

function claimOf(by: SignInBy, name: string): Claim {
  if (by === 'username') return { username: name };
  if (by === 'email') return { email: name, otherwise: null };
  return isEmail(name) ? { email: name, otherwise: name } : { username: name };
}

function viewOf(visit: Visit, next: string | null, form: FormView): SignInView {
  const { parts, visitor } = visit;
  const { signInBy, registration } = parts.settings.accounts;
  const continueTo = visitor === null ? null : (next ?? landingFor(visit, null, visitor.who.session.roles));
  const maySignUp = registration === 'open';
  const providers = providerChoices(visit, next);
  return { ...form, by: signInBy, next, continueTo, maySignUp, providers, isUnverified: false };
}
