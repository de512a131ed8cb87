/** The pages for a forgotten password. Only the form's POST uses a mailed link up. */
import { html } from 'hono/html';
import { requestPasswordReset, resetPassword } from '../flows/reset-password.ts';
import { signInWithPassword } from '../flows/sign-in-with-password.ts';
import { callerOf } from '../http/caller.ts';
import { deviceCookie, deviceCookieName, linkCookie, readCookie } from '../http/cookies.ts';
import { checkFields, email } from '../http/fields.ts';
import type { AccountId } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import { rememberedTokens } from '../sessions/device-token.ts';
import { arrive } from './arriving.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { complaints, field } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { type Form, flawsInWords, orFlaws, readForm, show, type Visit } from './visit.ts';

const CONFIRM_PATH = '/password/reset/confirm/';

export type ResetRequestView = FormView & { readonly isSent: boolean };

const resetRequestPage = page<ResetRequestView>({
  name: 'reset-password',
  title: (_, { words }) => words.resetPassword.title,
  template(view, { words }) {
    const texts = words.resetPassword;
    if (view.isSent) return html`<p role="status">${texts.asked}</p>`;
    const address = { name: 'email', label: words.fields.email, type: 'email', autocomplete: 'email' } as const;
    return html`<p>${texts.lead}</p>${complaints(words, view, ['email'])}<form method="post">
${field(words, view, { ...address, isFirst: true })}<button class="block">${texts.ask}</button></form>
<p class="links"><a href="/login/">${words.frame.signIn}</a></p>`;
  },
});

export type ResetView =
  | ({ readonly state: 'asked' } & FormView)
  | { readonly state: 'done' }
  /** The link is used up or too old. */
  | { readonly state: 'void' };

const resetPage = page<ResetView>({
  name: 'reset-password-confirm',
  title: (_, { words }) => words.resetPassword.title,
  template(view, { words }) {
    const { resetPassword: texts, fields } = words;
    if (view.state === 'done') {
      return html`<p role="status">${texts.done}</p><p class="links"><a href="/login/">${words.frame.signIn}</a></p>`;
    }
    if (view.state === 'void') {
      return html`<p role="alert">${texts.void}</p><p class="links"><a href="/password/reset/">${texts.ask}</a></p>`;
    }
    const password = { type: 'password', autocomplete: 'new-password' } as const;
    return html`${complaints(words, view, ['new_password1', 'new_password2'])}<form method="post">
${field(words, view, { ...password, name: 'new_password1', label: fields.newPassword, isFirst: true })}${field(words, view, { ...password, name: 'new_password2', label: fields.newPasswordAgain })}<button class="block">${texts.action}</button></form>`;
  },
});

export async function showRequest(visit: Visit): Promise<Response> {
  return await show(visit, resetRequestPage, { ...EMPTY_FORM, isSent: false });
}

export async function sendRequest(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  const checked = checkFields([email('email')], form.body, { isPartial: false });
  if ('flaws' in checked) {
    const flaws = flawsInWords(visit.speech, checked.flaws);
    const view = { values: { email: form.text('email') }, flaws, isSent: false };
    return await show(visit, resetRequestPage, view, { status: 400 });
  }
  await requestPasswordReset(visit.parts, checked.values['email'] ?? '', visit.network);
  return await show(visit, resetRequestPage, { ...EMPTY_FORM, isSent: true });
}

/** Moves the link's secret out of the address. */
export async function takeSecret(visit: Visit): Promise<Response> {
  const { uid = '', token = '' } = visit.params;
  const { resetLinkMs: lifetimeMs } = visit.parts.settings.mail;
  const secret = /^[\w-]+$/.test(uid) && /^[\w-]+$/.test(token) ? `${uid}.${token}` : '';
  const moved = carrySecret(visit, { purpose: 'reset', secret, lifetimeMs, to: CONFIRM_PATH });
  return moved ?? (await answerVoid(visit));
}

export async function showConfirmation(visit: Visit): Promise<Response> {
  if (secretOf(visit) === null) return await answerVoid(visit);
  return await show(visit, resetPage, { state: 'asked', ...EMPTY_FORM });
}

export async function confirm(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  const secret = secretOf(visit);
  if (secret === null) return await answerVoid(visit);
  const [newPassword1, newPassword2] = [form.text('new_password1').trim(), form.text('new_password2').trim()];
  const { parts, request } = visit;
  const deviceTokens = readCookie(request.headers.get('cookie'), deviceCookieName(parts.settings));
  const outcome = await orFlaws(() => resetPassword(parts, { ...secret, newPassword1, newPassword2, deviceTokens }));
  if ('flaws' in outcome) {
    if ('uid' in outcome.flaws || 'token' in outcome.flaws) return await answerVoid(visit);
    const flaws = flawsInWords(visit.speech, outcome.flaws);
    return await show(visit, resetPage, { state: 'asked', values: {}, flaws }, { status: 400 });
  }
  const { accountId, deviceToken } = outcome.done;
  const tokens = rememberedTokens(deviceTokens, deviceToken);
  const cookies = [dropSecret(visit, 'reset'), deviceCookie(parts.settings, tokens)];
  // Whoever was signed in here with the old password is not any more.
  const visitor = visit.visitor?.account.id === accountId ? null : visit.visitor;
  const after = { ...visit, visitor };
  if (visit.url.searchParams.get('then') === SIGNS_IN) {
    const entered = await signInAgain(after, form, { accountId, tokens, password: newPassword1, taken: cookies });
    if (entered !== null) return entered;
  }
  return await show(after, resetPage, { state: 'done' }, { cookies });
}

/** Its owner comes from a mail that told of somebody else: they are at their device, and want their place there back. */
const SIGNS_IN = 'sign-in';

export function resetAndSignIn(visit: Visit, { uid, token }: { readonly uid: string; readonly token: string }) {
  const { resetLinkMs } = visit.parts.settings.mail;
  return {
    to: `${CONFIRM_PATH}?then=${SIGNS_IN}`,
    cookie: linkCookie(visit.parts.settings, 'reset', `${uid}.${token}`, resetLinkMs),
  };
}

/** By the new password, and by all that signs them in beside; null where that is not let in just now. */
async function signInAgain(
  visit: Visit,
  form: Form,
  given: {
    readonly accountId: AccountId;
    readonly tokens: string;
    readonly password: string;
    readonly taken: readonly string[];
  },
): Promise<Response | null> {
  const { parts, network } = visit;
  const record = await parts.store.accounts.find(given.accountId);
  if (record === null) return null;
  const caller = await callerOf(parts, visit, { deviceTokens: given.tokens, client: null, binding: null });
  const claim = { username: record.account.username };
  const isStripped = false;
  try {
    const outcome = await signInWithPassword(parts, { claim, password: given.password, isStripped, caller, network });
    const [dropped = ''] = given.taken;
    return await arrive(visit, form, outcome, outcome.kind === 'signed-in' ? [dropped] : given.taken);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

async function answerVoid(visit: Visit): Promise<Response> {
  return await show(visit, resetPage, { state: 'void' }, { status: 400 });
}

function secretOf(visit: Visit): { readonly uid: string; readonly token: string } | null {
  const [, uid, token] = /^([\w-]+)\.([\w-]+)$/.exec(carriedSecret(visit, 'reset') ?? '') ?? [];
  return uid === undefined || token === undefined ? null : { uid, token };
}
