/** Where somebody is led who wants to change what matters and signed in a while ago; and back, once they have shown who they are. */
import { html } from 'hono/html';
import { askedAgain, reauthenticate } from '../flows/reauthenticate.ts';
import type { StepUpKind } from '../model/second-step.ts';
import { complaints, field } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
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
  /** What is asked for; null where a new sign-in alone does. */
  readonly asked: StepUpKind | null;
  /** Where they go on to. */
  readonly next: string;
  readonly username: string;
};

const HERE = '/account/confirm/';

const confirmPage = page<ConfirmView>({
  name: 'confirm',
  title: (_, { words }) => words.confirm.title,
  template(view, { words }) {
    const { confirm: texts, fields, form } = words;
    const back = html`<p class="links"><a href="/account/">${form.back}</a></p>`;
    if (view.asked === null) {
      return html`<p>${texts.none}</p><div class="actions"><a class="button" href="${withNext('/login/', view.next)}">${words.signOut.again}</a></div>${back}`;
    }
    const own = { name: 'password', label: fields.password, autocomplete: 'current-password', isFirst: true } as const;
    const asked = view.asked === 'code' ? codeField(words, view) : field(words, view, { ...own, type: 'password' });
    return html`<p>${texts[view.asked]}</p>${complaints(words, view, [view.asked])}<form method="post">
<input hidden type="text" name="username" value="${view.username}" autocomplete="username" readonly>
<input type="hidden" name="next" value="${view.next}">
${asked}<button class="block">${texts.action}</button></form>${back}`;
  },
});

/** On the way to something that asks for it: back to this page afterwards, or to another one. */
export function toConfirm(visit: Visit, next = visit.url.pathname): Response {
  return sendOn(visit, withNext(HERE, next));
}

async function showFor(visit: SignedInVisit, form: Form | null, flawed: FormView): Promise<Response> {
  const { id, username } = visit.visitor.account;
  const asked = await askedAgain(visit.parts, id);
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
  const shown = { password: given('password'), code: given('code'), network };
  const outcome = await orFlaws(() => reauthenticate(parts, { ...visitor.who, ...shown }));
  if ('done' in outcome) return sendOn(visit, nextOf(visit, form) ?? '/account/');
  return await showFor(visit, form, { values: {}, flaws: flawsInWords(visit.speech, outcome.flaws) });
}
