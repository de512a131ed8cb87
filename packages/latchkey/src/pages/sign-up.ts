import { html } from 'hono/html';
import { register } from '../flows/register.ts';
import { extraFieldsIn } from '../http/extra-fields.ts';
import { checkFields, email, type Field, text } from '../http/fields.ts';
import type { Settings } from '../model/settings.ts';
import { arrive } from './arriving.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { complaints, field } from './controls.ts';
import { visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { type ProviderChoice, providerChoices, providerLinks } from './provider-links.ts';
import { type Form, flawsInWords, nextOf, orFlaws, readForm, show, type Visit, withNext } from './visit.ts';

export type SignUpView = FormView & {
  readonly next: string | null;
  readonly isEmailRequired: boolean;
  /** By which somebody can sign up as well. */
  readonly providers: readonly ProviderChoice[];
};

const SHOWN = ['username', 'email', 'password1', 'password2'];

const signUpPage = page<SignUpView>({
  name: 'sign-up',
  title: (_, { words }) => words.signUp.title,
  template(view, { words }) {
    const { fields } = words;
    const address = { name: 'email', label: fields.email, type: 'email', autocomplete: 'email' } as const;
    const password = { type: 'password', autocomplete: 'new-password' } as const;
    return html`${complaints(words, view, SHOWN)}<form method="post">
${field(words, view, { name: 'username', label: fields.username, autocomplete: 'username', isFirst: true })}${field(words, view, { ...address, isOptional: !view.isEmailRequired })}${field(words, view, { ...password, name: 'password1', label: fields.password })}${field(words, view, { ...password, name: 'password2', label: fields.passwordAgain })}${view.next === null ? '' : html`<input type="hidden" name="next" value="${view.next}">`}<button class="block">${words.signUp.action}</button></form>
${providerLinks(view.providers, words.social)}<p class="links"><a href="${withNext('/login/', view.next)}">${words.signUp.haveOne}</a></p>`;
  },
});

export type SignUpClosedView = {
  /** `invited` where an invitation would open it. */
  readonly why: 'closed' | 'invited';
};

const signUpClosedPage = page<SignUpClosedView>({
  name: 'sign-up-closed',
  title: (_, { words }) => words.signUp.title,
  template: ({ why }, { words }) =>
    html`<p>${why === 'closed' ? words.signUp.closed : words.signUp.invitedOnly}</p>
<p class="links"><a href="/login/">${words.signUp.haveOne}</a></p>`,
});

const checkMailPage = page<Record<never, never>>({
  name: 'check-mail',
  title: (_, { words }) => words.signUp.sentTitle,
  template: (_, { words }) => html`<p>${words.signUp.sent}</p>
<p class="links"><a href="/verify-email/">${words.verifyEmail.resendAction}</a> <a href="/login/">${words.frame.signIn}</a></p>`,
});

export async function showSignUp(visit: Visit): Promise<Response> {
  const invitation = visit.url.searchParams.get('invitation');
  const { invitationMs: lifetimeMs } = visit.parts.settings.mail;
  const to = withNext('/signup/', nextOf(visit, null));
  const moved =
    invitation === null ? null : carrySecret(visit, { purpose: 'invitation', secret: invitation, lifetimeMs, to });
  if (moved !== null) return moved;
  return (await refuseClosed(visit)) ?? (await showForm(visit, null, EMPTY_FORM));
}

async function refuseClosed(visit: Visit): Promise<Response | null> {
  const { registration } = visit.parts.settings.accounts;
  const isOpen = registration === 'open' || (registration === 'invited' && carriedSecret(visit, 'invitation') !== null);
  if (isOpen) return null;
  const why = registration === 'closed' ? 'closed' : 'invited';
  return await show(visit, signUpClosedPage, { why }, { status: 403 });
}

async function showForm(visit: Visit, form: Form | null, { values, flaws }: FormView): Promise<Response> {
  const { accounts } = visit.parts.settings;
  // Whoever needs none goes on without one that is not good.
  const isDropped = accounts.registration === 'open' && flaws['invitation'] !== undefined;
  const cookies = isDropped ? [dropSecret(visit, 'invitation')] : [];
  const status = Object.keys(flaws).length === 0 ? 200 : 400;
  const next = nextOf(visit, form);
  const providers = providerChoices(visit, next);
  const view = { values, flaws, next, isEmailRequired: accounts.emailRequired, providers };
  return await show(visit, signUpPage, view, { status, cookies });
}

const fieldsFor = ({ accounts }: Settings): readonly Field[] => [
  text('username', { maxLength: 150 }),
  email('email', { isRequired: accounts.emailRequired }),
  text('password1'),
  text('password2'),
];

export async function signUp(visit: Visit): Promise<Response> {
  const refused = await refuseClosed(visit);
  if (refused !== null) return refused;
  const { parts, site, network } = visit;
  const form = await readForm(visit);
  const values = Object.fromEntries(['username', 'email'].map((name) => [name, form.text(name)]));
  const checked = checkFields(fieldsFor(parts.settings), form.body, { isPartial: false });
  if ('flaws' in checked) {
    return await showForm(visit, form, { values, flaws: flawsInWords(visit.speech, checked.flaws) });
  }

  const { username = '', email: address = '', password1 = '', password2 = '' } = checked.values;
  const outcome = await orFlaws(async () => {
    const profile = async () => (await extraFieldsIn(site.fields, withoutNext(form), null)) ?? {};
    const invitation = carriedSecret(visit, 'invitation');
    const caller = await visitingCaller(visit);
    return await register(parts, {
      ...{ username, email: address, password1, password2, profile, invitation, caller, network },
    });
  });
  if ('flaws' in outcome) {
    return await showForm(visit, form, { values, flaws: flawsInWords(visit.speech, outcome.flaws) });
  }
  const taken = carriedSecret(visit, 'invitation') === null ? [] : [dropSecret(visit, 'invitation')];
  if (outcome.done.kind === 'verification-sent') return await showCheckMail(visit, taken);
  return await arrive(visit, form, outcome.done, taken);
}

export async function showCheckMail(visit: Visit, cookies: readonly string[]): Promise<Response> {
  return await show(visit, checkMailPage, {}, { cookies });
}

/** `next` is a field of the page's own, and none of the host's. */
function withoutNext({ body }: Form): Form['body'] {
  return { ...body, rest: (known) => body.rest([...known, 'next']) };
}
