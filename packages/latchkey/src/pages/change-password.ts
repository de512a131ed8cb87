import { html } from 'hono/html';
import { changePassword, isOldPasswordAsked } from '../flows/change-password.ts';
import { hasPassword } from '../flows/confirm-password.ts';
import { requireStepUpOf } from '../flows/step-up.ts';
import { noSessionCookies } from '../http/cookies.ts';
import { complaints, field, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, show } from './visit.ts';

export type ChangePasswordView =
  | ({
      readonly state: 'asked';
      /** Whether the old password must be given: not so soon after signing in. */
      readonly isOldAsked: boolean;
      readonly username: string;
    } & FormView)
  | { readonly state: 'done'; readonly isOwnEnded: boolean };

const changePasswordPage = page<ChangePasswordView>({
  name: 'change-password',
  title: (_, { words }) => words.changePassword.title,
  template(view, { words }) {
    const { changePassword: texts, fields } = words;
    const back = html`<p class="links"><a href="/account/">${words.form.back}</a></p>`;
    if (view.state === 'done') return html`${notice(view.isOwnEnded ? texts.doneAll : texts.done)}${back}`;
    const old = { name: 'old_password', label: fields.oldPassword, autocomplete: 'current-password' };
    const password = { type: 'password', autocomplete: 'new-password' } as const;
    const shown = ['new_password1', 'new_password2', ...(view.isOldAsked ? ['old_password'] : [])];
    return html`<p>${texts.lead}</p>${complaints(words, view, shown)}<form method="post">
<input hidden type="text" name="username" value="${view.username}" autocomplete="username" readonly>
${view.isOldAsked ? field(words, view, { ...old, type: 'password' }) : ''}${field(words, view, { ...password, name: 'new_password1', label: fields.newPassword })}${field(words, view, { ...password, name: 'new_password2', label: fields.newPasswordAgain })}<button class="block">${texts.action}</button></form>
${back}`;
  },
});

export async function showChange(visit: SignedInVisit): Promise<Response> {
  await requireStepUpOf(visit.parts, visit.visitor.who);
  return await show(visit, changePasswordPage, await asked(visit, EMPTY_FORM));
}

async function asked({ parts, visitor }: SignedInVisit, form: FormView): Promise<ChangePasswordView> {
  const isOldAsked = (await hasPassword(parts, visitor.account.id)) && (await isOldPasswordAsked(parts, visitor.who));
  return { state: 'asked', isOldAsked, username: visitor.account.username, ...form };
}

export async function change(visit: SignedInVisit): Promise<Response> {
  const { parts, network, visitor, speech } = visit;
  const form = await readForm(visit);
  const old = form.text('old_password');
  const isOwnEnded = parts.settings.wire.logoutOnPasswordChange;
  const outcome = await orFlaws(() =>
    changePassword(parts, {
      session: visitor.who.session,
      now: visitor.who.now,
      oldPassword: old === '' ? null : old,
      newPassword1: form.text('new_password1').trim(),
      newPassword2: form.text('new_password2').trim(),
      isOwnEnded,
      network,
    }),
  );
  if ('flaws' in outcome) {
    const flaws = flawsInWords(speech, outcome.flaws);
    return await show(visit, changePasswordPage, await asked(visit, { values: {}, flaws }), { status: 400 });
  }
  const view = { state: 'done', isOwnEnded } as const;
  if (!isOwnEnded) return await show(visit, changePasswordPage, view);
  const cookies = noSessionCookies(parts.settings, visit.request);
  return await show({ ...visit, visitor: null }, changePasswordPage, view, { cookies });
}
