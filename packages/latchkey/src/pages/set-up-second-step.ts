/** The second step of an account, as its owner sets it up and takes it away. */
import { html } from 'hono/html';
import {
  beginTotp,
  confirmTotp,
  enrolmentAgain,
  removeTotp,
  renewRecoveryCodes,
  secondStepStatus,
} from '../flows/set-up-second-step.ts';
import { isDemanded } from '../model/second-step.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { complaints, fillIn, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, type Html, page } from './page.ts';
import { codeField, codesToKeep, type SetUpView, setUpForm, setUpView } from './second-step-controls.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, show } from './visit.ts';

export type OwnSecondStepView =
  | { readonly state: 'off' | 'removed' }
  | ({ readonly state: 'set-up' } & SetUpView)
  /** Shown once. */
  | { readonly state: 'codes'; readonly codes: readonly string[] }
  /** `mayRemove`: it is not demanded of them. */
  | ({ readonly state: 'on'; readonly codesLeft: number; readonly mayRemove: boolean } & FormView);

const ownSecondStepPage = page<OwnSecondStepView>({
  name: 'own-second-step',
  title: (_, { words }) => words.secondStep.ownTitle,
  template(view, { words }) {
    const { secondStep: texts } = words;
    const back = html`<p class="links"><a href="/account/">${words.form.back}</a></p>`;
    const doing = (what: string) => html`<input type="hidden" name="do" value="${what}">`;
    const begin = html`<form method="post">${doing('begin')}<button class="block">${texts.setUp}</button></form>`;
    switch (view.state) {
      case 'off':
        return html`<p>${texts.off}</p>${begin}${back}`;
      case 'removed':
        return html`${notice(texts.removed)}${begin}${back}`;
      case 'set-up':
        return html`${setUpForm(words, view, doing('confirm'))}${back}`;
      case 'codes':
        return html`${notice(texts.done)}${codesToKeep(words, view.codes)}${back}`;
      case 'on':
        return html`<p>${texts.on}</p><p class="muted">${fillIn(texts.codesLeft, { count: String(view.codesLeft) })}</p>
<form method="post">${doing('renew')}<button class="plain">${texts.renew}</button></form>
<h2>${texts.replace}</h2><p>${texts.replaceLead}</p><form method="post">${doing('replace')}<button class="plain block">${texts.replace}</button></form>
${view.mayRemove ? removeForm(words, view) : complaints(words, view, [])}${back}`;
    }
  },
});

function removeForm(words: Catalogue, view: FormView): Html {
  const { secondStep: texts } = words;
  return html`<h2>${texts.remove}</h2><p>${texts.removeLead}</p>${complaints(words, view, ['code'])}<form method="post"><input type="hidden" name="do" value="remove">
${codeField(words, view)}<button class="block danger">${texts.remove}</button></form>`;
}

async function currentView({ parts, visitor }: SignedInVisit, form: FormView): Promise<OwnSecondStepView> {
  const { totp, recoveryCodesLeft } = await secondStepStatus(parts, visitor.account.id);
  if (totp === null) return { state: 'off' };
  const mayRemove = !isDemanded(parts.settings.secondStep, visitor.account.roles);
  return { state: 'on', codesLeft: recoveryCodesLeft, mayRemove, ...form };
}

export async function showOwnSecondStep(visit: SignedInVisit): Promise<Response> {
  return await show(visit, ownSecondStepPage, await currentView(visit, EMPTY_FORM));
}

export async function changeOwnSecondStep(visit: SignedInVisit): Promise<Response> {
  const form = await readForm(visit);
  const activationToken = form.text('activation_token');
  const given = { code: form.text('code'), activationToken };
  const outcome = await orFlaws(() => does(visit, form.text('do'), given));
  if ('done' in outcome) return await show(visit, ownSecondStepPage, outcome.done);
  const flawed = { values: {}, flaws: flawsInWords(visit.speech, outcome.flaws) };
  const again = await enrolmentAgain(visit.parts, visit.visitor.account, activationToken);
  const view: OwnSecondStepView =
    again === null ? await currentView(visit, flawed) : { state: 'set-up', ...(await setUpView(again, flawed)) };
  return await show(visit, ownSecondStepPage, view, { status: 400 });
}

async function does(
  visit: SignedInVisit,
  what: string,
  { code, activationToken }: { readonly code: string; readonly activationToken: string },
): Promise<OwnSecondStepView> {
  const { parts, visitor } = visit;
  switch (what) {
    case 'begin':
      return await setUp(visit, false);
    case 'replace':
      return await setUp(visit, true);
    case 'confirm':
      return { state: 'codes', codes: await confirmTotp(parts, visitor.who, { activationToken, code }) };
    case 'renew':
      return { state: 'codes', codes: await renewRecoveryCodes(parts, visitor.who) };
    case 'remove':
      await removeTotp(parts, visitor.who, code);
      return { state: 'removed' };
    default:
      return await currentView(visit, EMPTY_FORM);
  }
}

async function setUp({ parts, visitor }: SignedInVisit, isReplacing: boolean): Promise<OwnSecondStepView> {
  const enrolment = await beginTotp(parts, visitor.who, { isReplacing });
  return { state: 'set-up', ...(await setUpView(enrolment, EMPTY_FORM)) };
}
