/** Where mailed links to confirm an address lead. Looking at them changes nothing: mail scanners look at every link. */
import { html } from 'hono/html';
import { isClaim, resendVerification, verifyEmail } from '../flows/verify-email.ts';
import { checkFields, email } from '../http/fields.ts';
import { Refusal } from '../model/reasons.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { complaints, field } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { type Form, flawsInWords, readForm, show, type Visit } from './visit.ts';

export type VerifyEmailView =
  /** The link is at hand: a button confirms. */
  | { readonly state: 'asked' }
  /** The same, and it takes away what was set up before. */
  | { readonly state: 'claiming' }
  | { readonly state: 'done' }
  /** What was set up before is gone, and a link to choose a password is mailed. */
  | { readonly state: 'claimed' }
  | { readonly state: 'void' }
  | { readonly state: 'sent' };

const verifyEmailPage = page<VerifyEmailView>({
  name: 'verify-email',
  title: (_, { words }) => words.verifyEmail.title,
  template({ state }, { words: { verifyEmail: texts, frame } }) {
    if (state === 'asked' || state === 'claiming') {
      return html`<p>${state === 'asked' ? texts.lead : texts.claimLead}</p><form method="post"><button class="block">${texts.action}</button></form>`;
    }
    const isOver = state === 'void';
    return html`<p${isOver ? html` role="alert"` : ''}>${texts[state]}</p>
<p class="links">${state === 'done' || state === 'claimed' ? html`<a href="/login/">${frame.signIn}</a>` : html`<a href="/verify-email/">${texts.resendAction}</a>`}</p>`;
  },
});

export type ResendView = FormView & { readonly isSent: boolean };

const resendPage = page<ResendView>({
  name: 'resend-verification',
  title: (_, { words }) => words.verifyEmail.title,
  template(view, { words }) {
    const texts = words.verifyEmail;
    if (view.isSent) return html`<p role="status">${texts.resent}</p>`;
    const address = { name: 'email', label: words.fields.email, type: 'email', autocomplete: 'email' } as const;
    return html`<p>${texts.resendLead}</p>${complaints(words, view, ['email'])}<form method="post">
${field(words, view, { ...address, isFirst: true })}<button class="block">${texts.resendAction}</button></form>`;
  },
});

/** At the recorded path, which has the key in it. */
export async function showVerification(visit: Visit): Promise<Response> {
  return await showAsked(visit, visit.params['key'] ?? '');
}

async function showAsked(visit: Visit, key: string): Promise<Response> {
  return await show(visit, verifyEmailPage, { state: (await isClaim(visit.parts, key)) ? 'claiming' : 'asked' });
}

export async function confirmAtPath(visit: Visit): Promise<Response> {
  return await confirm(visit, visit.params['key'] ?? '');
}

export async function showSent(visit: Visit): Promise<Response> {
  return await show(visit, verifyEmailPage, { state: 'sent' });
}

/** `/verify-email/KEY/`: moves the key out of the address. */
export async function takeKey(visit: Visit): Promise<Response> {
  const { verifyLinkMs: lifetimeMs } = visit.parts.settings.mail;
  const secret = visit.params['key'] ?? '';
  const moved = carrySecret(visit, { purpose: 'verify', secret, lifetimeMs, to: '/verify-email/' });
  return moved ?? (await show(visit, verifyEmailPage, { state: 'void' }, { status: 404 }));
}

/** With a key at hand, a button that confirms; without one, a form that sends the mail again. */
export async function showVerifyOrResend(visit: Visit): Promise<Response> {
  const key = carriedSecret(visit, 'verify');
  if (key !== null) return await showAsked(visit, key);
  return await show(visit, resendPage, { ...EMPTY_FORM, isSent: false });
}

export async function verifyOrResend(visit: Visit): Promise<Response> {
  const key = carriedSecret(visit, 'verify');
  if (key !== null) return await confirm(visit, key, [dropSecret(visit, 'verify')]);
  return await resend(visit, await readForm(visit));
}

async function confirm(visit: Visit, key: string, cookies: readonly string[] = []): Promise<Response> {
  await readForm(visit);
  try {
    const done = await verifyEmail(visit.parts, key);
    return await show(visit, verifyEmailPage, { state: done === 'claimed' ? 'claimed' : 'done' }, { cookies });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'not_found')) throw error;
    return await show(visit, verifyEmailPage, { state: 'void' }, { status: 404, cookies });
  }
}

async function resend(visit: Visit, form: Form): Promise<Response> {
  const checked = checkFields([email('email')], form.body, { isPartial: false });
  if ('flaws' in checked) {
    const flaws = flawsInWords(visit.speech, checked.flaws);
    const view = { values: { email: form.text('email') }, flaws, isSent: false };
    return await show(visit, resendPage, view, { status: 400 });
  }
  const asker = visit.visitor?.account.id ?? null;
  await resendVerification(visit.parts, { email: checked.values['email'] ?? '', network: visit.network, asker });
  return await show(visit, resendPage, { ...EMPTY_FORM, isSent: true });
}
