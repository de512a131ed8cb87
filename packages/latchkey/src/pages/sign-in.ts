import { html } from 'hono/html';
import { presentedIn } from '../credentials/passkey.ts';
import { signInWithPasskey } from '../flows/sign-in-with-passkey.ts';
import { type Claim, signInWithPassword } from '../flows/sign-in-with-password.ts';
import { checkFields, text } from '../http/fields.ts';
import { browserOf } from '../http/handlers/passkeys.ts';
import { isEmail } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { SignInBy } from '../model/settings.ts';
import { passkey as passkeyTexts } from '../texts/api.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { complaints, field, fillIn, notice } from './controls.ts';
import { enter, visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, type Html, page } from './page.ts';
import { passkeyForm } from './passkey-controls.ts';
import { type ProviderChoice, providerChoices, providerLinks } from './provider-links.ts';
import { toSecondStep } from './second-step.ts';
import { type Form, flawsInWords, landingFor, nextOf, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

export type SignInView = FormView & {
  /** By what people say who they are: the field is called `username` whichever it is. */
  readonly by: SignInBy;
  /** The path on this origin that leads on after it, or null. */
  readonly next: string | null;
  /** Where somebody goes who is signed in already; null where nobody is. */
  readonly continueTo: string | null;
  readonly maySignUp: boolean;
  readonly mayUseMail: boolean;
  /** By which somebody can sign in as well. */
  readonly providers: readonly ProviderChoice[];
  /** The password was right, and the address has still to be confirmed. */
  readonly isUnverified: boolean;
  /** null where browsers have no passkeys for where this is; else their domain, and the one that was shown and is not known. */
  readonly passkeys: { readonly rpId: string; readonly unknown: string | null } | null;
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
  passkeys: ({ passkeys }, { basePath }) =>
    passkeys === null
      ? null
      : {
          begin: `${basePath}/passkeys/login/begin/`,
          offers: 'sign-in',
          rp: passkeys.rpId,
          ...(passkeys.unknown !== null && { unknown: passkeys.unknown }),
        },
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
    const username = {
      name: 'username',
      label,
      autocomplete: view.passkeys === null ? 'username' : 'username webauthn',
      isFirst: !isNamed,
    };
    const secret = { name: 'password', label: words.fields.password, autocomplete: 'current-password' };
    const password = { ...secret, isFirst: isNamed };
    return html`${known}${complaints(words, view, ['username', 'password'])}<form method="post">
${field(words, view, { ...username, type: view.by === 'email' ? 'email' : 'text' })}${field(words, view, { ...password, type: 'password' })}${nextField(next)}<button class="block">${words.signIn.action}</button></form>
${view.passkeys === null ? '' : passkeyForm(words.signIn.passkey, nextField(next))}${providerLinks(view.providers, words.social)}<p class="links">${view.isUnverified ? html`<a href="/verify-email/">${words.signIn.resend}</a> ` : ''}<a href="/password/reset/">${words.signIn.forgot}</a>${view.mayUseMail ? html` <a href="${withNext('/login/mail/', next)}">${words.signIn.byMail}</a>` : ''}${view.maySignUp ? html` <a href="${withNext('/signup/', next)}">${words.signIn.signUp}</a>` : ''}</p>`;
  },
});

function nextField(next: string | null): Html | '' {
  return next === null ? '' : html`<input type="hidden" name="next" value="${next}">`;
}

const FIELDS = [text('username', { maxLength: 254 }), text('password', { whiteSpace: 'counts' })];

export async function showSignIn(visit: Visit): Promise<Response> {
  const { visitor, parts } = visit;
  const isAgain = visit.url.searchParams.get('again') === '1';
  if (visitor !== null && parts.settings.pages.redirectSignedIn && !isAgain) {
    return sendOn(visit, landingFor(visit, null, visitor.who.session.roles), { status: 302 });
  }
  return await show(visit, signInPage, viewOf(visit, nextOf(visit, null), EMPTY_FORM));
}

/** What is wrong is answered with 200, as Django's own page has it: clients that sign in by it look at the status. */
export async function signIn(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  if (form.body.get('credential') !== undefined) return await signInByPasskey(visit, form);
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

/** By what the page's script brought from an authenticator. */
async function signInByPasskey(visit: Visit, form: Form): Promise<Response> {
  const { parts, request, speech } = visit;
  const credential = form.text('credential');
  const view = viewOf(visit, nextOf(visit, form), EMPTY_FORM);
  try {
    const outcome = await signInWithPasskey(parts, {
      ...{ credential, sessionId: form.text('session_id'), isBound: true },
      ...{ browser: browserOf(parts.settings, request), caller: await visitingCaller(visit) },
    });
    return outcome.kind === 'signed-in' ? await enter(visit, outcome, form) : toSecondStep(visit, form, outcome);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'email_not_verified') {
      const flaws = { '': [speech.words.flaws.email_unverified] };
      return await show(visit, signInPage, { ...view, flaws, isUnverified: true });
    }
    if (error.flaws === null) throw error;
    const isUnknown = error.flaws['non_field_errors']?.includes(passkeyTexts.unknown) === true;
    const unknown = isUnknown ? (presentedIn(credential)?.id ?? null) : null;
    const passkeys = view.passkeys === null ? null : { ...view.passkeys, unknown };
    return await show(visit, signInPage, { ...view, passkeys, flaws: flawsInWords(speech, error.flaws) });
  }
}

function claimOf(by: SignInBy, name: string): Claim {
  if (by === 'username') return { username: name };
  if (by === 'email') return { email: name, otherwise: null };
  return isEmail(name) ? { email: name, otherwise: name } : { username: name };
}

function viewOf(visit: Visit, next: string | null, form: FormView): SignInView {
  const { parts, visitor } = visit;
  const { signInBy, registration, signInByMail: mayUseMail } = parts.settings.accounts;
  const continueTo = visitor === null ? null : (next ?? landingFor(visit, null, visitor.who.session.roles));
  const { rpId, onPages } = parts.settings.passkeys;
  const passkeys = onPages ? { rpId, unknown: null } : null;
  const may = { maySignUp: registration === 'open', mayUseMail, providers: providerChoices(visit, next), passkeys };
  return { ...form, by: signInBy, next, continueTo, ...may, isUnverified: false };
}
