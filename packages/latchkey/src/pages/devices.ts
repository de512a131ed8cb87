import { html } from 'hono/html';
import { changeDevice, listDevices } from '../flows/manage-devices.ts';
import { endSession, endSessions } from '../flows/manage-sessions.ts';
import { type Displacement, recentDisplacements } from '../flows/recent-displacements.ts';
import { noSessionCookies } from '../http/cookies.ts';
import type { SessionId } from '../model/account.ts';
import { type DeviceClass, LONGEST_LABEL } from '../model/device.ts';
import { Refusal } from '../model/reasons.ts';
import { deviceName } from '../texts/devices.ts';
import { type RequestView, requestList, requestsOf } from './approvals.ts';
import { complaints, fillIn, notice } from './controls.ts';
import { type Content, EMPTY_FORM, type FormView, type Html, type PageContext, page } from './page.ts';
import { timeOf } from './times.ts';
import { type Form, flawsInWords, orFlaws, readForm, type SignedInVisit, sendOn, show } from './visit.ts';

/** A signed-in device. Times are milliseconds since 1970. */
export type DeviceView = {
  readonly id: SessionId;
  readonly isThis: boolean;
  /** In English, such as `Firefox on Windows`. */
  readonly name: string;
  readonly class: DeviceClass;
  /** What its owner calls it; null where they gave it no name. Text, and never HTML. */
  readonly label: string | null;
  /** Whether it can be given one: a key that came from elsewhere is of no device that is known. */
  readonly mayBeNamed: boolean;
  /** Whether it is not asked for a second step. */
  readonly isRemembered: boolean;
  /** Where it was signed in, as the host named it; null where nobody said. Text, and never HTML. */
  readonly place: string | null;
  readonly openedAt: number;
  readonly seenAt: number;
};

export type DevicesView = {
  /** This one first, then the newest. */
  readonly devices: readonly DeviceView[];
  readonly lately: readonly Displacement[];
  readonly now: number;
  /** Devices that ask to come in, where that is for one who is in to say. */
  readonly requests: readonly RequestView[];
  /** What has just been done. */
  readonly done: 'renamed' | 'forgotten' | null;
} & FormView;

const devicesPage = page<DevicesView>({
  name: 'devices',
  title: (_, { words }) => words.devices.title,
  isWide: true,
  // A page that answers a form would send that again.
  script: ({ flaws }) => ({ asset: 'live.js', data: Object.keys(flaws).length > 0 ? {} : { refresh: '' } }),
  template(view, context) {
    const { devices: texts, form } = context.words;
    const isAlone = view.devices.length === 1;
    const { done } = view;
    return html`${done === null ? '' : notice(texts[done])}${complaints(context.words, view, [])}${requestList(view, context)}<p>${isAlone ? texts.alone : texts.lead}</p>
<ul class="list">
${view.devices.map((device) => deviceItem(device, view.now, context))}</ul>
${isAlone ? '' : html`<form method="post"><button class="plain" name="end" value="others">${texts.endOthers}</button></form>`}
<h2>${texts.lately}</h2>
${view.lately.length === 0 ? html`<p class="muted">${texts.none}</p>` : html`<ul class="list">${view.lately.map((one) => displacementItem(one, view.now, context))}</ul>`}
<p class="muted">${texts.notMe} <a href="/account/password/">${context.words.changePassword.title}</a></p>
<p class="links"><a href="/account/">${form.back}</a></p>`;
  },
});

function deviceItem(device: DeviceView, now: number, { words, language }: PageContext): Html {
  const { devices: texts, deviceClasses } = words;
  const kind = deviceName(words, device.name);
  const name = device.label ?? kind;
  const when = (at: number): Html => timeOf(at, now, language);
  const tags = [...(device.isThis ? [texts.this] : []), ...(device.isRemembered ? [texts.remembered] : [])];
  const told = [
    ...(device.label === null ? [] : [html`<bdi>${kind}</bdi>`]),
    deviceClasses[device.class],
    ...(device.place === null ? [] : [html`<bdi>${device.place}</bdi>`]),
    fillIn(texts.seen, { when: when(device.seenAt) }),
    fillIn(texts.opened, { when: when(device.openedAt) }),
  ];
  return html`<li><div><p class="name"><bdi>${name}</bdi>${tags.map((tag) => html`<span class="tag">${tag}</span>`)}</p>
<p class="muted">${told.map((part, at) => (at === 0 ? part : html` · ${part}`))}</p>${changes(device, name, texts)}</div>
<form method="post"><button class="plain small" name="end" value="${device.id}">${device.isThis ? texts.end : fillIn(texts.endNamed, { device: name })}</button></form></li>
`;
}

/** What may be changed of a device, out of the way until somebody looks for it. */
function changes({ id, label, mayBeNamed, isRemembered }: DeviceView, name: string, texts: Texts): Html | '' {
  if (!mayBeNamed) return '';
  const doing = (what: string): Html =>
    html`<input type="hidden" name="do" value="${what}"><input type="hidden" name="id" value="${id}">`;
  const forget = html`<form method="post">${doing('forget')}<p class="muted">${texts.forgetLead}</p><button class="plain small">${fillIn(texts.forget, { name })}</button></form>`;
  return html`
<details><summary>${texts.change}</summary><form method="post" class="inline">${doing('rename')}<input type="text" name="name" value="${label ?? ''}" dir="auto" maxlength="${LONGEST_LABEL}" autocomplete="off" aria-label="${texts.name}"><button class="plain small">${fillIn(texts.rename, { name })}</button></form>
<p class="muted">${texts.nameLead}</p>${isRemembered ? forget : ''}</details>`;
}

type Texts = PageContext['words']['devices'];

function displacementItem({ at, old, by }: Displacement, now: number, { words, language, dir }: PageContext): Html {
  // What it is stands beside what it is called: whoever came in may have called theirs as they liked.
  const named = ({ name, label, place }: Displacement['by']): Content => {
    const [first, ...more] = [label, deviceName(words, name), place].filter((one) => one !== null);
    const told = more.map((one, at) => html`${at === 0 ? '' : ', '}<bdi>${one}</bdi>`);
    // Names alone give what holds them no direction: it is the page's, so that the brackets follow the name.
    return told.length === 0 ? (first ?? '') : html`<bdi dir="${dir}"><bdi>${first ?? ''}</bdi> (${told})</bdi>`;
  };
  const names = { old: named(old), new: named(by) };
  return html`<li><div><p>${fillIn(words.devices.displaced, { ...names, when: timeOf(at, now, language) })}</p></div></li>
`;
}

const SHOWN_LATELY = 10;

async function viewOf(visit: SignedInVisit, done: DevicesView['done'], form: FormView): Promise<DevicesView> {
  const { parts, visitor } = visit;
  const { session: own, now } = visitor.who;
  const listed = await listDevices(parts, own.accountId);
  const devices = listed.map(({ session, label, isRemembered }) => ({
    id: session.id,
    isThis: session.id === own.id,
    name: session.device.name,
    class: session.device.class,
    ...{ label, isRemembered, mayBeNamed: session.device.id !== null },
    place: session.place,
    openedAt: session.openedAt,
    seenAt: session.id === own.id ? now : session.seenAt,
  }));
  const lately = (await recentDisplacements(parts, own.accountId)).slice(0, SHOWN_LATELY);
  const thisFirst = devices.toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
  const isAsked = parts.settings.sessions.whenFull === 'approve';
  const requests = isAsked ? (await requestsOf(visit)).requests : [];
  return { devices: thisFirst, lately, now, requests, done, ...form };
}

export async function showDevices(visit: SignedInVisit): Promise<Response> {
  const done = doneIn(visit.url.searchParams.get('done'));
  return await show(visit, devicesPage, await viewOf(visit, done, EMPTY_FORM));
}

function doneIn(given: string | null): DevicesView['done'] {
  return given === 'renamed' || given === 'forgotten' ? given : null;
}

/** Ends one device or all others, or changes what is kept of one. */
export async function changeDevices(visit: SignedInVisit): Promise<Response> {
  const form = await readForm(visit);
  const changing = changeIn(form);
  if (changing === null) return await endDevices(visit, form.text('end'));
  const { session: by } = visit.visitor.who;
  const changed = await orFlaws(() => changeDevice(visit.parts, { by, sessionId: form.text('id'), ...changing }));
  if ('flaws' in changed) {
    const flaws = flawsInWords(visit.speech, changed.flaws);
    return await show(visit, devicesPage, await viewOf(visit, null, { values: {}, flaws }), { status: 400 });
  }
  return sendOn(visit, `/account/devices/?done=${changing.remembered === null ? 'renamed' : 'forgotten'}`);
}

function changeIn(form: Form): { readonly label: string | null; readonly remembered: string | null } | null {
  switch (form.text('do')) {
    case 'rename':
      return { label: form.text('name'), remembered: null };
    case 'forget':
      return { label: null, remembered: 'false' };
    default:
      return null;
  }
}

/** This one is signed out by it like any other, and its browser is told. */
async function endDevices(visit: SignedInVisit, end: string): Promise<Response> {
  const { parts, visitor } = visit;
  const { session } = visitor.who;
  if (end === 'others') {
    await endSessions(parts, session.accountId, session);
    return sendOn(visit, '/account/devices/');
  }
  const isOwn = end === session.id;
  const reason = isOwn ? 'signed_out' : 'revoked';
  const isEnded = await endSession(parts, { accountId: session.accountId, sessionId: end, by: session, reason });
  if (!isEnded) throw new Refusal('not_found');
  return isOwn
    ? sendOn(visit, '/signed-out/', { cookies: noSessionCookies(parts.settings, visit.request) })
    : sendOn(visit, '/account/devices/');
}
