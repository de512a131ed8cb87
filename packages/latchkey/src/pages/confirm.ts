/** Where somebody is led who wants to change what matters and signed in a while ago; and back, once they have shown who they are. */
import { html } from 'hono/html';
import { askedAgain, reauthenticate } from '../flows/reauthenticate.ts';
import type { StepUpKind } from '../model/second-step.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { complaints, field } from './controls.ts';
import { EMPTY_FORM, type FormView, type Html, page } from './page.ts';
import { passkeyForm } from './passkey-controls.ts';
import { codeField } from './second-step-controls.ts';
import {
  type Form,
  flawsInWords,
  nextOf,
  orFlaws,
  readForm,
  type SignedInVisit,
  sendOn,
  show,
  type Visit,
  withNext,
} from './visit.ts';

export type ConfirmView = FormView & {
  /** What is asked for: any one of these; none where a new sign-in alone does. */
  readonly asked: readonly StepUpKind[];
  /** Where they go on to. */
  readonly next: string;
  readonly username: string;
};

const HERE = '/account/confirm/';

const confirmPage = page<ConfirmView>({
  name: 'confirm',
  title: (_, { words }) => words.confirm.title,
  passkeys: ({ asked }, { basePath }) =>
    asked.includes('passkey') ? { begin: `${basePath}/reauthenticate/passkey/`, offers: 'confirm' } : null,
  template(view, { words }) {
    const { confirm: texts } = words;
    const back = html`<p class="links"><a href="/account/">${words.form.back}</a></p>`;
    const again = html`<div class="actions"><a class="button" href="${signInAgain(view.next)}">${words.signOut.again}</a></div>`;
    const [first] = view.asked;
    if (first === undefined) return html`<p>${texts.none}</p>${again}${back}`;
    const next = html`<input type="hidden" name="next" value="${view.next}">`;
    const byPasskey = view.asked.includes('passkey') ? passkeyForm(words.secondStep.passkey, next) : '';
    if (first === 'passkey') {
      const without = html`<div data-no-passkeys><p class="muted">${words.passkeys.unsupported}</p>${again}</div>`;
      return html`<p>${texts.passkey}</p>${complaints(words, view, [])}${byPasskey}${without}${back}`;
    }
    return html`<p>${texts[first]}</p>${complaints(words, view, [first])}<form method="post">
<input hidden type="text" name="username" value="${view.username}" autocomplete="username" readonly>
${next}
${typedField(words, view, first)}<button class="block">${texts.action}</button></form>
${byPasskey}${back}`;
  },
});

function typedField(words: Catalogue, view: ConfirmView, asked: 'password' | 'code'): Html {
  if (asked === 'code') return codeField(words, view);
  const own = { name: 'password', label: words.fields.password, autocomplete: 'current-password', isFirst: true };
  return field(words, view, { ...own, type: 'password' });
}

/** Whoever is signed in is let through to the form, wherever else they would be led. */
function signInAgain(next: string): string {
  return `/login/?${new URLSearchParams({ again: '1', next }).toString()}`;
}

/** On the way to something that asks for it: back to this page afterwards, or to another one. */
export function toConfirm(visit: Visit, next = visit.url.pathname): Response {
  return sendOn(visit, withNext(HERE, next));
}

async function showFor(visit: SignedInVisit, form: Form | null, flawed: FormView): Promise<Response> {
  const { id, username } = visit.visitor.account;
  const { onPages } = visit.parts.settings.passkeys;
  const asked = (await askedAgain(visit.parts, id)).kinds.filter((kind) => kind !== 'passkey' || onPages);
  const view = { ...flawed, asked, username, next: nextOf(visit, form) ?? '/account/' };
  return await show(visit, confirmPage, view, { status: flawed === EMPTY_FORM ? 200 : 400 });
}

export async function showConfirm(visit: SignedInVisit): Promise<Response> {
  return await showFor(visit, null, EMPTY_FORM);
}

export async function confirm(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor, network } = visit;
  const form = await readForm(visit);
  const given = (name: string): string | null => (form.text(name) === '' ? null : form.text(name));
  const credential = given('credential');
  const passkey = credential === null ? null : { credential, sessionId: form.text('session_id') };
  const shown = { password: given('password'), code: given('code'), passkey, network };
  const outcome = await orFlaws(() => reauthenticate(parts, { ...visitor.who, ...shown }));
  if ('done' in outcome) return sendOn(visit, nextOf(visit, form) ?? '/account/');
  return await showFor(visit, form, { values: {}, flaws: flawsInWords(visit.speech, outcome.flaws) });
}
