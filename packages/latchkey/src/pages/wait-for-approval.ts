/** A sign-in that found no place, and waits to be let in by a device that has one. Who is at it is known by a ticket in a cookie. */
import { html } from 'hono/html';
import { comeInByApproval, lookAtApproval, type WaitState } from '../flows/wait-for-approval.ts';
import { duration } from '../texts/time.ts';
import { carriedSecret, dropSecret } from './carried-secret.ts';
import { arriveWhole, waitingPath } from './choose-sessions.ts';
import { fillIn } from './controls.ts';
import { visitingCaller } from './entering.ts';
import { type Html, type PageContext, page } from './page.ts';
import { nextOf, orFlaws, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

export type WaitForApprovalView = {
  readonly next: string | null;
} /** The number is shown where it is answered, too. */ & (
  | { readonly state: 'waiting'; readonly number: string; readonly leftMs: number }
  /** They were let in, or there is room by now. */
  | { readonly state: 'ready' }
  | { readonly state: 'declined' | 'expired' }
  /** It was too long ago, or does not count any more. */
  | { readonly state: 'over' }
);

/** How often the page is loaded anew where there is no script. */
const REFRESH_SECONDS = 5;

const waitPage = page<WaitForApprovalView>({
  name: 'wait-for-approval',
  title: (_, { words }) => words.waitForApproval.title,
  refreshSeconds: ({ state }) => (state === 'waiting' ? REFRESH_SECONDS : null),
  script: ({ state }) => (state === 'waiting' || state === 'ready' ? { asset: 'waiting.js', data: { state } } : null),
  template(view, context) {
    const { waitForApproval: texts, signIn, secondStep, flaws, chooseSession } = context.words;
    const again = html`<p class="links"><a href="${withNext('/login/', view.next)}">${secondStep.again}</a></p>`;
    const orReset = html`<p class="muted">${chooseSession.orReset} <a href="/password/reset/">${signIn.forgot}</a></p>`;
    switch (view.state) {
      case 'waiting':
        return html`${waitingFor(view, context)}${goOn(view, texts.look)}${orReset}`;
      case 'ready':
        return html`<p role="status">${texts.room}</p>${goOn(view, signIn.action)}`;
      case 'declined':
        return html`<p role="alert">${texts.declined}</p>${again}`;
      case 'expired':
        return html`<p role="alert">${texts.late}</p>${orReset}${again}`;
      case 'over':
        return html`<p role="alert">${flaws.ticket_void}</p>${again}`;
    }
  },
});

function waitingFor(
  { number, leftMs }: Extract<WaitForApprovalView, { state: 'waiting' }>,
  { words: { waitForApproval: texts }, language }: PageContext,
): Html {
  const left = duration(language, Math.max(1, leftMs / 1000));
  return html`<p>${texts.lead}</p><p>${texts.how}</p><p class="number" role="status"><bdi>${number}</bdi></p><p class="muted">${fillIn(texts.left, { duration: left })}</p>`;
}

function goOn({ next, state }: WaitForApprovalView, action: string): Html {
  const hidden = next === null ? '' : html`<input type="hidden" name="next" value="${next}">`;
  return html`<form method="post">${hidden}<button class="block${state === 'waiting' ? ' plain' : ''}">${action}</button></form>`;
}

const shownAs: Readonly<Record<WaitState, 'waiting' | 'ready' | 'declined' | 'expired'>> = {
  ...{ waiting: 'waiting', approved: 'ready', room: 'ready', declined: 'declined', expired: 'expired' },
};

export async function showWaiting(visit: Visit): Promise<Response> {
  const next = nextOf(visit, null);
  const ticket = carriedSecret(visit, 'approval');
  if (ticket === null) return await showOver(visit, next);
  const caller = await visitingCaller(visit);
  const found = await orFlaws(() => lookAtApproval(visit.parts, { ticket, caller }));
  if ('flaws' in found) return await showOver(visit, next);
  const { state, number, waitsUntil, now } = found.done;
  const shown = shownAs[state];
  if (shown === 'declined' || shown === 'expired') return await showTurnedAway(visit, next, shown);
  if (shown === 'ready') return await show(visit, waitPage, { state: shown, next });
  const headers = { 'Latchkey-Reason': 'approval_required' };
  return await show(visit, waitPage, { state: shown, next, number, leftMs: waitsUntil - now }, { headers });
}

async function showTurnedAway(visit: Visit, next: string | null, state: 'declined' | 'expired'): Promise<Response> {
  const headers = { 'Latchkey-Reason': `approval_${state}` };
  return await show(visit, waitPage, { state, next }, { status: 409, headers });
}

async function showOver(visit: Visit, next: string | null): Promise<Response> {
  const cookies = carriedSecret(visit, 'approval') === null ? [] : [dropSecret(visit, 'approval')];
  return await show(visit, waitPage, { state: 'over', next }, { status: 400, cookies });
}

/** Comes in, where there is an answer by which that may be. */
export async function answerWaiting(visit: Visit): Promise<Response> {
  const form = await readForm(visit);
  const next = nextOf(visit, form);
  const ticket = carriedSecret(visit, 'approval');
  if (ticket === null) return await showOver(visit, next);
  const caller = await visitingCaller(visit);
  const outcome = await orFlaws(() => comeInByApproval(visit.parts, { ticket, caller }));
  if ('flaws' in outcome) return await showOver(visit, next);
  const { done } = outcome;
  if (done.kind === 'waiting') return sendOn(visit, withNext(waitingPath, next));
  if (done.kind === 'turned-away') {
    return await showTurnedAway(visit, next, done.code === 'approval_declined' ? 'declined' : 'expired');
  }
  return await arriveWhole(visit, form, done, done.kind === 'full' ? [] : [dropSecret(visit, 'approval')]);
}
