/** The second of two steps of signing in. Who is at it is known by a ticket in a cookie, and is nobody yet. */
import { html } from 'hono/html';
import { beginTotpAtSignIn, confirmTotpAtSignIn, type Enrolment, enrolmentAgain } from '../flows/set-up-second-step.ts';
import { showSecondStep as signInBy, waitingFor } from '../flows/show-second-step.ts';
import { type SecondStepDue, secondStepsOf, TICKET_MS } from '../flows/tickets.ts';
import { linkCookie } from '../http/cookies.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { carriedSecret, dropSecret } from './carried-secret.ts';
import { arriveWhole, waitingChoice } from './choose-sessions.ts';
import { complaints } from './controls.ts';
import { entered, visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, type Html, page } from './page.ts';
import { passkeyForm } from './passkey-controls.ts';
import { codeField, codesToKeep, type SetUpView, setUpForm, setUpView } from './second-step-controls.ts';
import { type Form, flawsInWords, nextOf, orFlaws, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

export type SecondStepView = { readonly next: string | null } & (
  | ({
      readonly state: 'asked';
      /** Whether a code can be shown. */
      readonly hasCode: boolean;
      /** Whether a passkey can be. */
      readonly hasPasskey: boolean;
      /** Whether this device may be spared the question for a while. */
      readonly mayRemember: boolean;
      /** Whether the code was mailed, because a device would be signed out: that is all that can be shown then. */
      readonly isMailed: boolean;
    } & FormView)
  /** One is demanded of the account, and it has none. */
  | ({ readonly state: 'set-up' } & SetUpView)
  /** It is set up, and its owner is signed in: the codes are shown once. */
  | { readonly state: 'codes'; readonly codes: readonly string[]; readonly continueTo: string }
  /** The first step was too long ago, or did not count any more. */
  | { readonly state: 'over' }
);

const secondStepPage = page<SecondStepView>({
  name: 'second-step',
  title: (_, { words }) => words.secondStep.title,
  passkeys: (view, { basePath }) =>
    view.state === 'asked' && view.hasPasskey
      ? { begin: `${basePath}/login/second-step/passkey/`, offers: 'second-step' }
      : null,
  template(view, { words }) {
    const { secondStep: texts } = words;
    const again = html`<p class="links"><a href="${withNext('/login/', view.next)}">${texts.again}</a></p>`;
    const hidden = view.next === null ? '' : html`<input type="hidden" name="next" value="${view.next}">`;
    switch (view.state) {
      case 'over':
        return html`<p role="alert">${words.flaws.ticket_void}</p>${again}`;
      case 'codes':
        return html`${codesToKeep(words, view.codes)}<div class="actions"><a class="button" href="${view.continueTo}">${words.signIn.continue}</a></div>`;
      case 'set-up':
        return html`<p>${texts.demanded}</p>${setUpForm(words, view, hidden)}${again}`;
      case 'asked':
        return html`${askedForms(words, view, hidden)}${again}`;
    }
  },
});

/** A form for a code, and one for a passkey. */
function askedForms(
  words: Catalogue,
  view: Extract<SecondStepView, { readonly state: 'asked' }>,
  hidden: Html | '',
): Html {
  const { secondStep: texts } = words;
  const remember = html`<p><label class="check"><input type="checkbox" name="remember" value="on"> ${texts.remember}</label></p>`;
  const kept = view.mayRemember ? remember : '';
  const byCode = html`<form method="post">${hidden}
${codeField(words, view)}${kept}<button class="block">${words.signIn.action}</button></form>`;
  if (view.isMailed) return html`<p>${texts.mailLead}</p>${complaints(words, view, ['code'])}${byCode}`;
  const ofCode = html`<input type="hidden" name="remember">`;
  const byPasskey = passkeyForm(texts.passkey, html`${hidden}${view.hasCode ? ofCode : kept}`);
  return html`<p>${view.hasCode ? texts.lead : texts.passkeyLead}</p>${complaints(words, view, ['code'])}${view.hasCode ? byCode : ''}${view.hasPasskey ? byPasskey : ''}
${view.hasCode ? html`<p class="muted">${texts.lost}</p>` : html`<p data-no-passkeys>${words.passkeys.unsupported}</p>`}`;
}

/** On from the first step: the ticket goes into a cookie. */
export function toSecondStep(
  visit: Visit,
  form: Form,
  { ticket }: SecondStepDue,
  taken: readonly string[] = [],
): Response {
  const cookies = [linkCookie(visit.parts.settings, 'ticket', ticket, TICKET_MS), ...taken];
  return sendOn(visit, withNext('/login/second-step/', nextOf(visit, form)), { status: 302, cookies });
}

export async function showSecondStep(visit: Visit): Promise<Response> {
  return await showFor(visit, null, EMPTY_FORM, null);
}

/** The form that fits: for a code, for setting an app up, or none where the ticket is not good any more. */
async function showFor(
  visit: Visit,
  form: Form | null,
  flawed: FormView,
  activationToken: string | null,
): Promise<Response> {
  const { parts } = visit;
  const next = nextOf(visit, form);
  const ticket = carriedSecret(visit, 'ticket');
  const waiting = ticket === null ? null : await orFlaws(() => waitingFor(parts, ticket));
  if (ticket === null || waiting === null || 'flaws' in waiting) {
    const cookies = ticket === null ? [] : [dropSecret(visit, 'ticket')];
    return await show(visit, secondStepPage, { state: 'over', next }, { status: 400, cookies });
  }
  const status = Object.keys(flawed.flaws).length === 0 ? 200 : 400;
  const { account } = waiting.done;
  const kinds = await secondStepsOf(parts, waiting.done.waiting);
  if (kinds.length > 0) {
    const isMailed = kinds.includes('mail');
    const mayRemember = parts.settings.secondStep.rememberMs > 0 && !isMailed;
    const has = { hasCode: kinds.includes('totp') || isMailed, hasPasskey: kinds.includes('passkey'), isMailed };
    return await show(visit, secondStepPage, { state: 'asked', next, mayRemember, ...has, ...flawed }, { status });
  }
  const again = activationToken === null ? null : await enrolmentAgain(parts, account, activationToken);
  const enrolment: Enrolment = again ?? (await beginTotpAtSignIn(parts, ticket));
  const view = { state: 'set-up', next, ...(await setUpView(enrolment, flawed)) } as const;
  return await show(visit, secondStepPage, view, { status });
}

export async function answerSecondStep(visit: Visit): Promise<Response> {
  const { parts, speech } = visit;
  const form = await readForm(visit);
  const ticket = carriedSecret(visit, 'ticket');
  if (ticket === null) return await showFor(visit, form, EMPTY_FORM, null);
  const caller = await visitingCaller(visit);
  const code = form.text('code');
  const token = form.text('activation_token');
  const activationToken = token === '' ? null : token;
  const outcome = await orFlaws(async () => {
    if (activationToken !== null) return await confirmTotpAtSignIn(parts, { ticket, code, activationToken, caller });
    const isRemembered = form.text('remember') === 'on';
    const isPasskey = form.body.get('credential') !== undefined;
    const step = isPasskey ? { credential: form.text('credential'), sessionId: form.text('session_id') } : { code };
    return { outcome: await signInBy(parts, { ticket, step, isRemembered, caller }), codes: null };
  });
  if ('flaws' in outcome) {
    const flawed = { values: {}, flaws: flawsInWords(speech, outcome.flaws) };
    const isStale = outcome.flaws['activation_token'] !== undefined;
    return await showFor(visit, form, flawed, isStale ? null : activationToken);
  }
  const { outcome: arrived, codes } = outcome.done;
  const taken = [dropSecret(visit, 'ticket')];
  if (codes === null) return await arriveWhole(visit, form, arrived, taken);
  const { to, ...shown } =
    arrived.kind === 'full' ? waitingChoice(visit, form, arrived, taken) : await entered(visit, arrived, form, taken);
  const view = { state: 'codes', next: null, codes, continueTo: to } as const;
  return await show(visit, secondStepPage, view, shown);
}
