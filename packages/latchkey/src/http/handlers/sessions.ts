import { changeDevice, listDevices, type SignedInDevice } from '../../flows/manage-devices.ts';
import { endSession, endSessions } from '../../flows/manage-sessions.ts';
import { Refusal } from '../../model/reasons.ts';
import type { Session } from '../../model/session.ts';
import { empty, json } from '../answers.ts';
import type { SignedInCall } from '../call.ts';
import { isoTime } from '../time.ts';

/** A session as the account's owner sees it: an id that ends it, and nothing that opens anything. */
function sessionBody(session: Session, current: Session): Readonly<Record<string, unknown>> {
  return {
    id: session.id,
    current: session.id === current.id,
    device: session.device.name,
    class: session.device.class,
    place: session.place,
    opened_at: isoTime(session.openedAt),
    last_seen_at: isoTime(session.seenAt),
    expires_at: isoTime(session.expiresAt),
  };
}

/** With what its owner calls its device, and whether that is spared the second step: a check need not read that. */
function deviceBody(
  { session, label, isRemembered }: SignedInDevice,
  current: Session,
): Readonly<Record<string, unknown>> {
  return { ...sessionBody(session, current), name: label, remembered: isRemembered };
}

export async function list({ parts, who, headers }: SignedInCall): Promise<Response> {
  const devices = await listDevices(parts, who.session.accountId);
  return json(
    200,
    devices.map((device) => deviceBody(device, who.session)),
    headers,
  );
}

/** Calls the device of a session something else, or has it asked for a second step again. */
export async function changeOne({ parts, who, params, values, headers }: SignedInCall): Promise<Response> {
  const { name, remembered } = values;
  const about = { by: who.session, sessionId: params['id'] ?? '' };
  const changed = await changeDevice(parts, { ...about, label: name ?? null, remembered: remembered ?? null });
  return json(200, deviceBody(changed, who.session), headers);
}

export async function endOne({ parts, who, params, headers }: SignedInCall): Promise<Response> {
  const sessionId = params['id'] ?? '';
  const { session: by } = who;
  const { accountId } = by;
  const reason = sessionId === by.id ? 'signed_out' : 'revoked';
  const isEnded = await endSession(parts, { accountId, sessionId, by, reason });
  if (!isEnded) throw new Refusal('not_found');
  return empty(204, headers);
}

export async function endOthers({ parts, who, headers }: SignedInCall): Promise<Response> {
  const ended = await endSessions(parts, who.session.accountId, who.session);
  return json(200, { ended: ended ?? 0 }, headers);
}

/**
 * Who am I? One read, for clients and for reverse proxies (nginx `auth_request`, Traefik forward auth), which pass on the
 * headers of the answer.
 */
export async function current({ who, headers }: SignedInCall): Promise<Response> {
  const { session } = who;
  return json(
    200,
    {
      user: { pk: session.accountId, roles: session.roles },
      session: sessionBody(session, session),
      ...keyOf(session),
    },
    {
      ...headers,
      'Latchkey-Account': String(session.accountId),
      'Latchkey-Roles': session.roles.map(inHeader).join(','),
    },
  );
}

/** The key that a session is bound to, as introspection tells it (RFC 9449, 6.2). */
function keyOf({ binding }: Session): Readonly<Record<string, unknown>> {
  return binding?.kind === 'dpop' ? { token_type: 'DPoP', cnf: { jkt: binding.thumbprint } } : {};
}

/** A role as a header can carry it: what is no visible ASCII letter, and the comma between roles, percent-encoded. */
function inHeader(role: string): string {
  return role.toWellFormed().replace(/[^\x21-\x7e]|[,%]/gu, encodeURIComponent);
}
