/** Another address for an account: asked for by who is signed in, confirmed and taken back by mailed links. Looking at those changes nothing. */
import { html } from 'hono/html';
import { askEmailChange, confirmEmailChange, undoEmailChange } from '../flows/change-email.ts';
import { requireFresh } from '../flows/require-fresh.ts';
import { checkFields, email } from '../http/fields.ts';
import type { AccountId } from '../model/account.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { complaints, field, fillIn, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, type Page, page } from './page.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, show, type Visit } from './visit.ts';

export type ChangeEmailView = FormView & {
  /** The address of now; `''` where there is none. */
  readonly current: string;
  readonly isAsked: boolean;
};

const changeEmailPage = page<ChangeEmailView>({
  name: 'change-email',
  title: (_, { words }) => words.changeEmail.title,
  template(view, { words }) {
    const { changeEmail: texts, fields, form } = words;
    const back = html`<p class="links"><a href="/account/">${form.back}</a></p>`;
    if (view.isAsked) return html`${notice(texts.asked)}${back}`;
    const current = view.current === '' ? texts.none : fillIn(texts.current, { email: view.current });
    const address = { name: 'email', label: fields.newEmail, type: 'email', autocomplete: 'email' } as const;
    return html`<p>${current}</p><p>${texts.lead}</p>${complaints(words, view, ['email'])}<form method="post">
${field(words, view, { ...address, isFirst: true })}<button class="block">${texts.action}</button></form>${back}`;
  },
});

export type EmailLinkView =
  /** The link is at hand: a button does what it is for. */
  { readonly state: 'asked' } | { readonly state: 'done' } | { readonly state: 'void' };

const confirmPage = page<EmailLinkView>({
  name: 'confirm-email-change',
  title: (_, { words }) => words.changeEmail.confirmTitle,
  template({ state }, { words }) {
    const { changeEmail: texts, verifyEmail, flaws, form } = words;
    if (state === 'void') return html`<p role="alert">${flaws.link_void}</p>`;
    if (state === 'asked') {
      return html`<p>${texts.confirmLead}</p><form method="post"><button class="block">${verifyEmail.action}</button></form>`;
    }
    return html`<p role="status">${texts.confirmed}</p><p class="links"><a href="/account/">${form.back}</a></p>`;
  },
});

const undoPage = page<EmailLinkView>({
  name: 'undo-email-change',
  title: (_, { words }) => words.changeEmail.undoTitle,
  template({ state }, { words: { changeEmail: texts, flaws } }) {
    if (state === 'void') return html`<p role="alert">${flaws.link_void}</p>`;
    if (state === 'done') return html`<p role="status">${texts.undone}</p>`;
    return html`<p>${texts.undoLead}</p><form method="post"><button class="block">${texts.undoAction}</button></form>`;
  },
});

/** Who signed in a while ago shows who they are before they type anything. */
export async function showChange(visit: SignedInVisit): Promise<Response> {
  await requireFresh(visit.parts, visit.visitor.who);
  return await show(visit, changeEmailPage, { ...EMPTY_FORM, current: visit.visitor.account.email, isAsked: false });
}

export async function change(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor, speech } = visit;
  const form = await readForm(visit);
  const current = visitor.account.email;
  const checked = checkFields([email('email')], form.body, { isPartial: false });
  if ('flaws' in checked) {
    const flawed = { values: { email: form.text('email') }, flaws: flawsInWords(speech, checked.flaws) };
    return await show(visit, changeEmailPage, { ...flawed, current, isAsked: false }, { status: 400 });
  }
  await askEmailChange(parts, { ...visitor.who, email: checked.values['email'] ?? '' });
  return await show(visit, changeEmailPage, { ...EMPTY_FORM, current, isAsked: true });
}

type Way = {
  readonly purpose: 'email' | 'undo';
  readonly path: string;
  readonly page: Page<EmailLinkView>;
  /** Whose sessions are over by it, or null. */
  readonly work: (visit: Visit, key: string) => Promise<AccountId | null>;
};

const confirming: Way = {
  purpose: 'email',
  path: '/account/email/confirm/',
  page: confirmPage,
  async work({ parts }, key) {
    await confirmEmailChange(parts, key);
    return null;
  },
};

const undoing: Way = {
  purpose: 'undo',
  path: '/account/email/undo/',
  page: undoPage,
  work: ({ parts }, key) => undoEmailChange(parts, key),
};

/** The pages of a mailed link: `take` moves its secret out of the address, `show` has a button, `answer` does what it is for. */
function pagesFor({ purpose, path, page: linkPage, work }: Way) {
  const answerVoid = (visit: Visit): Promise<Response> => show(visit, linkPage, { state: 'void' }, { status: 400 });
  return {
    async take(visit: Visit): Promise<Response> {
      const lifetimeMs = visit.parts.settings.mail.verifyLinkMs;
      const moved = carrySecret(visit, { purpose, secret: visit.params['key'] ?? '', lifetimeMs, to: path });
      return moved ?? (await answerVoid(visit));
    },
    async show(visit: Visit): Promise<Response> {
      if (carriedSecret(visit, purpose) === null) return await answerVoid(visit);
      return await show(visit, linkPage, { state: 'asked' });
    },
    async answer(visit: Visit): Promise<Response> {
      await readForm(visit);
      const key = carriedSecret(visit, purpose);
      if (key === null) return await answerVoid(visit);
      const cookies = [dropSecret(visit, purpose)];
      const outcome = await orFlaws(() => work(visit, key));
      if ('flaws' in outcome) return await show(visit, linkPage, { state: 'void' }, { status: 400, cookies });
      // Whoever was signed in here is not any more, where that is what it is for.
      const visitor = visit.visitor?.account.id === outcome.done ? null : visit.visitor;
      return await show({ ...visit, visitor }, linkPage, { state: 'done' }, { cookies });
    },
  };
}

export const confirmation = pagesFor(confirming);
export const undo = pagesFor(undoing);
