/** Who asks to sign in to the account, and the answer of one who is in. */
import { html } from 'hono/html';
import { type ApprovalAsked, approvalsFor, approve, decline } from '../flows/answer-approvals.ts';
import type { SessionId } from '../model/account.ts';
import type { ApprovalId } from '../model/approval.ts';
import type { DeviceClass } from '../model/device.ts';
import { deviceName } from '../texts/devices.ts';
import { deviceTold, type PlaceView, placeViews } from './choose-sessions.ts';
import { complaints, fillIn, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, type Html, type PageContext, page } from './page.ts';
import { timeOf } from './times.ts';
import { orFlaws, readForm, type SignedInVisit, sendOn, show } from './visit.ts';

/** A device that asks to come in. Times are milliseconds since 1970. */
export type RequestView = {
  readonly id: ApprovalId;
  /** In English, such as `Firefox on Windows`. */
  readonly name: string;
  readonly class: DeviceClass;
  /** Where it asks from, as the host named it; null where nobody said. Text, and never HTML. */
  readonly place: string | null;
  /** It is shown there, too. */
  readonly number: string;
  readonly askedAt: number;
  /** Those in the place of which it may come, the longest in first, and so many of them at least. */
  readonly devices: readonly (PlaceView & { readonly isThis: boolean })[];
  readonly least: number;
};

export type ApprovalsView = {
  readonly requests: readonly RequestView[];
  readonly now: number;
  /** What was answered does not wait any more. */
  readonly isOver: boolean;
} & FormView;

const approvalsPage = page<ApprovalsView>({
  name: 'approvals',
  title: (_, { words }) => words.approvals.title,
  isWide: true,
  // A page that answers a form would send that again.
  script: ({ isOver, flaws }) => ({
    asset: 'live.js',
    data: isOver || Object.keys(flaws).length > 0 ? {} : { refresh: '' },
  }),
  template(view, context) {
    const { approvals: texts, form } = context.words;
    const none = view.requests.length === 0 ? html`<p>${texts.none}</p>` : '';
    return html`${view.isOver ? notice(texts.over) : ''}${complaints(context.words, view, [])}${requestList(view, context)}${none}<p class="links"><a href="/account/">${form.back}</a></p>`;
  },
});

/** The requests that wait, each with its answers; nothing where there is none. */
export function requestList(
  { requests, now }: Pick<ApprovalsView, 'requests' | 'now'>,
  context: PageContext,
): Html | '' {
  if (requests.length === 0) return '';
  const { approvals: texts, changePassword } = context.words;
  return html`<div class="notice" role="status"><p>${texts.waits}</p></div>
${requests.map((request) => requestForm(request, now, context))}<p class="muted">${texts.notYou} <a href="/account/password/">${changePassword.title}</a></p>
`;
}

function requestForm(request: RequestView, now: number, context: PageContext): Html {
  const { approvals: texts, deviceClasses } = context.words;
  const asked = fillIn(texts.asked, { when: timeOf(request.askedAt, now, context.language) });
  const place = request.place === null ? '' : html` · <bdi>${request.place}</bdi>`;
  return html`<article><h2><bdi>${deviceName(context.words, request.name)}</bdi></h2>
<p class="muted">${deviceClasses[request.class]}${place} · ${asked}</p><p>${fillIn(texts.number, { number: html`<strong>${request.number}</strong>` })}</p>
<form method="post" action="/account/approvals/"><fieldset class="choices"><legend>${texts.legend}</legend>${request.devices.map(
    (device, at) =>
      html`<label class="check"><input type="checkbox" name="${device.id}" value="on"${at < request.least ? html` checked` : ''}> ${deviceTold(device, now, context)}${device.isThis ? html`<span class="tag">${context.words.devices.this}</span>` : ''}</label>
`,
  )}</fieldset><div class="actions"><button name="approve" value="${request.id}">${texts.approve}</button><button class="plain" name="decline" value="${request.id}">${texts.decline}</button></div></form></article>
`;
}

function requestView(asked: ApprovalAsked, labels: ReadonlyMap<string, string>, own: SessionId): RequestView {
  const { id, device, place, number, askedAt, among, least } = asked;
  const devices = placeViews({ among, labels }).map((place) => ({ ...place, isThis: place.id === own }));
  return { id, name: device.name, class: device.class, place, number, askedAt, devices, least };
}

/** What waits in the account of whoever looks. */
export async function requestsOf({ parts, visitor }: SignedInVisit): Promise<Pick<ApprovalsView, 'requests' | 'now'>> {
  const { approvals, labels, now } = await approvalsFor(parts, visitor.who.session);
  return { requests: approvals.map((one) => requestView(one, labels, visitor.who.session.id)), now };
}

export async function showApprovals(visit: SignedInVisit): Promise<Response> {
  return await show(visit, approvalsPage, { ...(await requestsOf(visit)), isOver: false, ...EMPTY_FORM });
}

export async function answerApproval(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor, speech } = visit;
  const form = await readForm(visit);
  const by = visitor.who.session;
  const id = form.text('approve');
  const answered = await orFlaws(async () => {
    if (id === '') return await decline(parts, { id: form.text('decline'), by });
    const { approvals } = await approvalsFor(parts, by);
    const among = approvals.find((one) => one.id === id)?.among ?? [];
    const ends = among.map((session) => session.id).filter((session) => form.text(session) === 'on');
    return await approve(parts, { id, by, ends });
  });
  if ('flaws' in answered) {
    const flawed = { values: {}, flaws: { '': [speech.words.approvals.few] } };
    return await show(
      visit,
      approvalsPage,
      { ...(await requestsOf(visit)), isOver: false, ...flawed },
      { status: 400 },
    );
  }
  if (answered.done) return sendOn(visit, '/account/devices/');
  const view = { ...(await requestsOf(visit)), isOver: true, ...EMPTY_FORM };
  return await show(visit, approvalsPage, view, { status: 409 });
}
