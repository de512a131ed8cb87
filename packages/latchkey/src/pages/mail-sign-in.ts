/**
 * Signing in by mail. Who asked is known by a ticket in a cookie: only that browser comes in, and another that opens the link is told
 * where to go. Looking at a link changes nothing: mail scanners look at every one.
 */
import { html } from 'hono/html';
import { askForSignInMail, SIGN_IN_MAIL_MS, signInByMail } from '../flows/sign-in-by-mail.ts';
import { linkCookie } from '../http/cookies.ts';
import { checkFields, email } from '../http/fields.ts';
import { localPath } from '../model/next.ts';
import { arrive } from './arriving.ts';
import { carriedSecret, carrySecret, dropSecret } from './carried-secret.ts';
import { complaints, field } from './controls.ts';
import { visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { type Form, flawsInWords, nextOf, orFlaws, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

export type MailSignInView = FormView & {
  /** A form for the address; one for the code, in the browser that asked; its link was opened there, or in another; all is used up. */
  readonly state: 'ask' | 'asked' | 'here' | 'elsewhere' | 'void';
  /** The path on this origin that leads on after it, or null. */
  readonly next: string | null;
};

const HERE = '/login/mail/';

const mailSignInPage = page<MailSignInView>({
  name: 'mail-sign-in',
  title: (_, { words }) => words.mailSignIn.title,
  template(view, { words }) {
    const texts = words.mailSignIn;
    const hidden = view.next === null ? '' : html`<input type="hidden" name="next" value="${view.next}">`;
    const doing = (what: string) => html`${hidden}<input type="hidden" name="do" value="${what}">`;
    const other = html`<p class="links"><a href="${withNext('/login/', view.next)}">${words.frame.signIn}</a></p>`;
    const again = html`<form method="post">${doing('again')}<button class="plain">${texts.again}</button></form>`;
    switch (view.state) {
      case 'ask': {
        const address = { name: 'email', label: words.fields.email, type: 'email', autocomplete: 'email' } as const;
        return html`<p>${texts.lead}</p>${complaints(words, view, ['email'])}<form method="post">${doing('ask')}
${field(words, view, { ...address, isFirst: true })}<button class="block">${texts.ask}</button></form>${other}`;
      }
      case 'asked': {
        const code = { name: 'code', label: texts.code, autocomplete: 'one-time-code', isFirst: true };
        return html`<p role="status">${texts.asked}</p>${complaints(words, view, ['code'])}<form method="post">${doing('code')}
${field(words, { ...view, values: {} }, code)}<button class="block">${words.signIn.action}</button></form>${again}${other}`;
      }
      case 'here':
        return html`<p>${texts.here}</p><form method="post">${doing('link')}<button class="block">${words.signIn.action}</button></form>${other}`;
      case 'elsewhere':
        return html`<p role="alert">${texts.elsewhere}</p>${other}`;
      case 'void':
        return html`<p role="alert">${texts.void}</p>${again}${other}`;
    }
  },
});

/** `/login/mail/TOKEN/`: moves the secret out of the address. */
export async function takeToken(visit: Visit): Promise<Response> {
  const secret = visit.params['token'] ?? '';
  const moved = carrySecret(visit, { purpose: 'mail', secret, lifetimeMs: SIGN_IN_MAIL_MS, to: HERE });
  return moved ?? (await showState(visit, 'void', null));
}

export async function showMailSignIn(visit: Visit): Promise<Response> {
  const isAsked = carriedSecret(visit, 'asked') !== null;
  const hasLink = carriedSecret(visit, 'mail') !== null;
  if (hasLink) return await showState(visit, isAsked ? 'here' : 'elsewhere', null);
  return await showState(visit, isAsked ? 'asked' : 'ask', null);
}

async function showState(
  visit: Visit,
  state: MailSignInView['state'],
  form: Form | null,
  { flawed = EMPTY_FORM, cookies = [] }: { readonly flawed?: FormView; readonly cookies?: readonly string[] } = {},
): Promise<Response> {
  const isWrong = state === 'void' || state === 'elsewhere' || flawed !== EMPTY_FORM;
  // What was opened where nobody asked is of no use there.
  const dropped = state === 'elsewhere' ? [dropSecret(visit, 'mail')] : [];
  const next = nextOf(visit, form) ?? carriedTicket(visit)?.next ?? null;
  const shown = { status: isWrong ? 400 : 200, cookies: [...cookies, ...dropped] };
  return await show(visit, mailSignInPage, { ...flawed, state, next }, shown);
}

export async function answerMailSignIn(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  switch (form.text('do')) {
    case 'ask':
      return await ask(visit, form);
    case 'again':
      return sendOn(visit, withNext(HERE, nextOf(visit, form)), { cookies: dropped(visit) });
    case 'code':
      return await signIn(visit, form, { code: form.text('code'), token: null });
    default:
      return await signIn(visit, form, { code: null, token: carriedSecret(visit, 'mail') });
  }
}

async function ask(visit: Visit, form: Form): Promise<Response> {
  const { parts, network, speech } = visit;
  const checked = checkFields([email('email')], form.body, { isPartial: false });
  if ('flaws' in checked) {
    const flawed = { values: { email: form.text('email') }, flaws: flawsInWords(speech, checked.flaws) };
    return await showState(visit, 'ask', form, { flawed });
  }
  const { ticket } = await askForSignInMail(parts, { email: checked.values['email'] ?? '', network });
  const value = ticketToCarry(ticket, nextOf(visit, form));
  const asked = linkCookie(parts.settings, 'asked', value, SIGN_IN_MAIL_MS);
  return sendOn(visit, HERE, { cookies: [dropSecret(visit, 'mail'), asked] });
}

async function signIn(
  visit: Visit,
  form: Form,
  given: { readonly token: string | null; readonly code: string | null },
): Promise<Response> {
  const ticket = carriedTicket(visit)?.ticket;
  if (ticket === undefined) return await showState(visit, given.token === null ? 'ask' : 'elsewhere', form);
  if (given.token === null && given.code === null) return await showState(visit, 'asked', form);
  const caller = await visitingCaller(visit);
  const outcome = await orFlaws(() => signInByMail(visit.parts, { ...given, ticket, caller }));
  if ('flaws' in outcome) {
    const { code, ticket: over } = outcome.flaws;
    if (code === undefined || over !== undefined) {
      return await showState(visit, 'void', form, {
        cookies: over === undefined ? [dropSecret(visit, 'mail')] : dropped(visit),
      });
    }
    return await showState(visit, 'asked', form, {
      flawed: { values: {}, flaws: flawsInWords(visit.speech, outcome.flaws) },
    });
  }
  return await arrive(visit, form, outcome.done, dropped(visit));
}

function dropped(visit: Visit): readonly string[] {
  return [dropSecret(visit, 'mail'), dropSecret(visit, 'asked')];
}

/** Longer ways on are forgotten: the cookie has to stay small. */
const LONGEST_NEXT = 100;

/** The mail's link knows nothing of where its reader was going: the browser that asked does. */
function ticketToCarry(ticket: string, next: string | null): string {
  return next === null || next.length > LONGEST_NEXT ? ticket : `${ticket}.${Buffer.from(next).toString('base64url')}`;
}

function carriedTicket(visit: Visit): { readonly ticket: string; readonly next: string | null } | null {
  const [ticket, next] = carriedSecret(visit, 'asked')?.split('.') ?? [];
  if (ticket === undefined) return null;
  const path = next === undefined ? null : Buffer.from(next, 'base64url').toString();
  return { ticket, next: localPath(path, visit.parts.settings.origin) };
}
