import { html } from 'hono/html';
import { endSession, endSessions, listSessions } from '../flows/manage-sessions.ts';
import { type Displacement, recentDisplacements } from '../flows/recent-displacements.ts';
import { noSessionCookie } from '../http/cookies.ts';
import type { SessionId } from '../model/account.ts';
import type { DeviceClass } from '../model/device.ts';
import { Refusal } from '../model/reasons.ts';
import { deviceName } from '../texts/devices.ts';
import { ago, moment } from '../texts/time.ts';
import { fillIn } from './controls.ts';
import { type Content, type Html, type PageContext, page } from './page.ts';
import { readForm, type SignedInVisit, sendOn, show } from './visit.ts';

/** A signed-in device. Times are milliseconds since 1970. */
export type DeviceView = {
  readonly id: SessionId;
  readonly isThis: boolean;
  /** In English, such as `Firefox on Windows`. */
  readonly name: string;
  readonly class: DeviceClass;
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
};

const devicesPage = page<DevicesView>({
  name: 'devices',
  title: (_, { words }) => words.devices.title,
  isWide: true,
  showsSessions: true,
  template(view, context) {
    const { devices: texts, form } = context.words;
    const isAlone = view.devices.length === 1;
    return html`<p>${isAlone ? texts.alone : texts.lead}</p>
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
  const name = deviceName(words, device.name);
  const when = (at: number): Html => timeOf(at, now, language);
  return html`<li><div><p class="name"><bdi>${name}</bdi>${device.isThis ? html`<span class="tag">${texts.this}</span>` : ''}</p>
<p class="muted">${deviceClasses[device.class]}${device.place === null ? '' : html` · <bdi>${device.place}</bdi>`} · ${fillIn(texts.seen, { when: when(device.seenAt) })} · ${fillIn(texts.opened, { when: when(device.openedAt) })}</p></div>
<form method="post"><button class="plain small" name="end" value="${device.id}">${device.isThis ? texts.end : fillIn(texts.endNamed, { device: name })}</button></form></li>
`;
}

function displacementItem({ at, old, by }: Displacement, now: number, { words, language }: PageContext): Html {
  const named = ({ name, place }: Displacement['by']): Content => {
    const device = deviceName(words, name);
    return place === null ? device : html`<bdi>${device}</bdi> (<bdi>${place}</bdi>)`;
  };
  const names = { old: named(old), new: named(by) };
  return html`<li><div><p>${fillIn(words.devices.displaced, { ...names, when: timeOf(at, now, language) })}</p></div></li>
`;
}

export function timeOf(at: number, now: number, language: PageContext['language']): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${moment(language, at)}">${ago(language, now - at)}</time>`;
}

const SHOWN_LATELY = 10;

export async function showDevices(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor } = visit;
  const { session, now } = visitor.who;
  const sessions = await listSessions(parts, session.accountId);
  const devices = sessions.map((one) => ({
    id: one.id,
    isThis: one.id === session.id,
    name: one.device.name,
    class: one.device.class,
    place: one.place,
    openedAt: one.openedAt,
    seenAt: one.id === session.id ? now : one.seenAt,
  }));
  const lately = (await recentDisplacements(parts, session.accountId)).slice(0, SHOWN_LATELY);
  const thisFirst = devices.toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
  return await show(visit, devicesPage, { devices: thisFirst, lately, now });
}

/** Ends one device or all others. This one is signed out by it like any other, and its browser is told. */
export async function endDevices(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor } = visit;
  const { session } = visitor.who;
  const end = (await readForm(visit)).text('end');
  if (end === 'others') {
    await endSessions(parts, session.accountId, session);
    return sendOn(visit, '/account/devices/');
  }
  const isOwn = end === session.id;
  const reason = isOwn ? 'signed_out' : 'revoked';
  const isEnded = await endSession(parts, { accountId: session.accountId, sessionId: end, by: session, reason });
  if (!isEnded) throw new Refusal('not_found');
  return isOwn
    ? sendOn(visit, '/signed-out/', { cookies: [noSessionCookie(parts.settings)] })
    : sendOn(visit, '/account/devices/');
}
