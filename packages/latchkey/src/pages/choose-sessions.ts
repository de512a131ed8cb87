/** A sign-in that found no place: who has them, and whom to sign out. Who is at it is known by a ticket in a cookie. */
import { html } from 'hono/html';
import { chooseSessions, sessionsToChoose } from '../flows/choose-sessions.ts';
import type { NoPlace, WholeOutcome } from '../flows/complete-sign-in.ts';
import { TICKET_MS } from '../flows/tickets.ts';
import { linkCookie } from '../http/cookies.ts';
import type { SessionId } from '../model/account.ts';
import type { DeviceClass } from '../model/device.ts';
import { deviceName } from '../texts/devices.ts';
import { carriedSecret, dropSecret } from './carried-secret.ts';
import { complaints, fillIn } from './controls.ts';
import { enter, visitingCaller } from './entering.ts';
import { EMPTY_FORM, type FormView, type Html, type PageContext, page } from './page.ts';
import { timeOf } from './times.ts';
import { type Form, nextOf, orFlaws, readForm, sendOn, show, type Visit, withNext } from './visit.ts';

/** A device that has a place. Times are milliseconds since 1970. */
export type PlaceView = {
  readonly id: SessionId;
  /** In English, such as `Firefox on Windows`. */
  readonly name: string;
  readonly class: DeviceClass;
  /** What its owner calls it; null where they gave it no name. Text, and never HTML. */
  readonly label: string | null;
  /** Where it was signed in, as the host named it; null where nobody said. Text, and never HTML. */
  readonly place: string | null;
  readonly seenAt: number;
};

export type ChooseSessionsView = { readonly next: string | null } & (
  | ({
      readonly state: 'asked';
      /** The longest in first; none where there is room by now. */
      readonly devices: readonly PlaceView[];
      readonly now: number;
      /** So many of them at least. */
      readonly least: number;
      /** Something was chosen, and that was not enough. */
      readonly isAgain: boolean;
    } & FormView)
  /** Nobody goes for a newcomer here. */
  | { readonly state: 'refused'; readonly devices: readonly PlaceView[]; readonly now: number }
  /** It was too long ago, or does not count any more. */
  | { readonly state: 'over' }
);

const choicePage = page<ChooseSessionsView>({
  name: 'choose-sessions',
  title: ({ state }, { words }) => (state === 'asked' ? words.chooseSession.title : words.chooseSession.fullTitle),
  template(view, context) {
    const { chooseSession: texts, secondStep, signIn, flaws } = context.words;
    const again = html`<p class="links"><a href="${withNext('/login/', view.next)}">${secondStep.again}</a></p>`;
    switch (view.state) {
      case 'over':
        return html`<p role="alert">${flaws.ticket_void}</p>${again}`;
      case 'refused':
        return html`<p role="alert">${texts.full}</p>
<ul class="list">${view.devices.map((device) => html`<li>${deviceTold(device, view.now, context)}</li>`)}</ul>
<p>${texts.endThere}</p><p>${texts.orReset} <a href="/password/reset/">${signIn.forgot}</a></p>${again}`;
      case 'asked': {
        const hidden = view.next === null ? '' : html`<input type="hidden" name="next" value="${view.next}">`;
        const isOnly = view.devices.length === 1;
        if (view.devices.length === 0) {
          return html`<p role="status">${texts.free}</p><form method="post">${hidden}<button class="block">${signIn.action}</button></form>`;
        }
        const most = view.least > 1 ? html`<p>${fillIn(texts.atLeast, { count: String(view.least) })}</p>` : '';
        return html`${view.isAgain ? html`<div class="notice wrong" role="alert"><p>${texts.again}</p></div>` : ''}${complaints(context.words, view, [])}<p>${texts.lead}</p>${most}
<form method="post">${hidden}<fieldset class="choices"><legend>${texts.legend}</legend>${view.devices.map(
          (device) =>
            html`<label class="check"><input type="checkbox" name="${device.id}" value="on"${isOnly ? html` checked` : ''}> ${deviceTold(device, view.now, context)}</label>
`,
        )}</fieldset><button class="block">${texts.action}</button></form>${again}`;
      }
    }
  },
});

export function deviceTold(device: PlaceView, now: number, { words, language }: PageContext): Html {
  const seen = fillIn(words.devices.seen, { when: timeOf(device.seenAt, now, language) });
  const kind = deviceName(words, device.name);
  return html`<span class="told"><bdi class="name">${device.label ?? kind}</bdi>
<span class="muted">${device.label === null ? '' : html`<bdi>${kind}</bdi> · `}${words.deviceClasses[device.class]}${device.place === null ? '' : html` · <bdi>${device.place}</bdi>`} · ${seen}</span></span>`;
}

export function placeViews({ among, labels }: Pick<NoPlace, 'among' | 'labels'>): readonly PlaceView[] {
  return among.map(({ id, device, place, seenAt }) => {
    const label = labels.get(device.id ?? '') ?? null;
    return { id, name: device.name, class: device.class, label, place, seenAt };
  });
}

const HERE = '/login/choose/';

/** Where somebody waits to be let in. */
export const waitingPath = '/login/approval/';

/** Where a sign-in leads of which all was shown. */
export async function arriveWhole(
  visit: Visit,
  form: Form,
  outcome: WholeOutcome,
  taken: readonly string[],
): Promise<Response> {
  if (outcome.kind === 'full') return await toChoice(visit, form, outcome, taken);
  return await enter(visit, outcome, form, taken);
}

/** The cookie with which somebody who found no place goes on, and where. */
export function waitingChoice(
  visit: Visit,
  form: Form,
  { next: way }: Pick<NoPlace, 'next'>,
  taken: readonly string[],
): { readonly cookies: readonly string[]; readonly headers: Record<string, string>; readonly to: string } {
  const next = nextOf(visit, form);
  if (way === null) return { cookies: taken, headers: {}, to: withNext('/login/', next) };
  const { settings } = visit.parts;
  const { purpose, path, lifetimeMs } =
    way.kind === 'choose'
      ? ({ purpose: 'choice', path: HERE, lifetimeMs: TICKET_MS } as const)
      : ({ purpose: 'approval', path: waitingPath, lifetimeMs: settings.sessions.approvalMs + TICKET_MS } as const);
  const cookies = [linkCookie(settings, purpose, way.ticket, lifetimeMs), ...taken];
  return { cookies, headers: {}, to: withNext(path, next) };
}

/** On from a sign-in that found no place: to choose or to wait, with the ticket in a cookie; or, where nobody may, that it is so. */
async function toChoice(
  visit: Visit,
  form: Form,
  { next: way, among, labels, now }: NoPlace,
  taken: readonly string[],
): Promise<Response> {
  const next = nextOf(visit, form);
  if (way !== null) {
    const { cookies, to } = waitingChoice(visit, form, { next: way }, taken);
    return sendOn(visit, to, { status: 302, cookies });
  }
  const view = { state: 'refused', next, devices: placeViews({ among, labels }), now } as const;
  const headers = { 'Latchkey-Reason': 'limit_reached' };
  return await show(visit, choicePage, view, { status: 409, cookies: taken, headers });
}

export async function showChoice(visit: Visit): Promise<Response> {
  return await showFor(visit, null, EMPTY_FORM);
}

async function showFor(visit: Visit, form: Form | null, flawed: FormView): Promise<Response> {
  const next = nextOf(visit, form);
  const waiting = await waitingAt(visit);
  if (waiting === null) return await showOver(visit, next);
  const { now, least, isAgain } = waiting;
  const status = Object.keys(flawed.flaws).length === 0 ? 200 : 400;
  const view = { state: 'asked', next, devices: placeViews(waiting), now, least, isAgain, ...flawed } as const;
  return await show(visit, choicePage, view, { status });
}

async function showOver(visit: Visit, next: string | null): Promise<Response> {
  const cookies = carriedSecret(visit, 'choice') === null ? [] : [dropSecret(visit, 'choice')];
  return await show(visit, choicePage, { state: 'over', next }, { status: 400, cookies });
}

async function waitingAt(visit: Visit): Promise<Awaited<ReturnType<typeof sessionsToChoose>> | null> {
  const ticket = carriedSecret(visit, 'choice');
  if (ticket === null) return null;
  const caller = await visitingCaller(visit);
  const found = await orFlaws(() => sessionsToChoose(visit.parts, { ticket, caller }));
  return 'flaws' in found ? null : found.done;
}

export async function answerChoice(visit: Visit): Promise<Response> {
  const { parts, speech } = visit;
  const form = await readForm(visit);
  const ticket = carriedSecret(visit, 'choice');
  const waiting = await waitingAt(visit);
  if (ticket === null || waiting === null) return await showOver(visit, nextOf(visit, form));
  const ends = waiting.among.map(({ id }) => id).filter((id) => form.text(id) === 'on');
  // Nothing is used up by a form without a mark.
  if (ends.length === 0 && waiting.among.length > 0) {
    return await showFor(visit, form, { values: {}, flaws: { '': [speech.words.chooseSession.none] } });
  }
  const caller = await visitingCaller(visit);
  const outcome = await orFlaws(() => chooseSessions(parts, { ticket, ends, caller }));
  if ('flaws' in outcome) return await showOver(visit, nextOf(visit, form));
  const { done } = outcome;
  return await arriveWhole(visit, form, done, done.kind === 'full' ? [] : [dropSecret(visit, 'choice')]);
}
