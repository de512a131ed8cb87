/** The devices that an account knows, as its owner sees them: what they are called, and which are not asked for a second step. */
import type { AccountId, SessionId } from '../model/account.ts';
import { type Device, deviceLabelFrom, LONGEST_LABEL } from '../model/device.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import { field as fieldTexts, device as texts } from '../texts/api.ts';
import { listSessions } from './manage-sessions.ts';
import type { Parts } from './parts.ts';
import { forgetDevice, rememberedAmong } from './tickets.ts';
import { unlessOver } from './unless-over.ts';

/** A session with what its owner calls its device. */
export type SignedInDevice = {
  readonly session: Session;
  /** null where they gave it no name. */
  readonly label: string | null;
  /** Whether it is not asked for a second step for a while. */
  readonly isRemembered: boolean;
};

/** What the account's owner calls its devices, by their ids. */
export async function deviceLabels(
  { store }: Pick<Parts, 'store'>,
  accountId: AccountId,
): Promise<ReadonlyMap<string, string>> {
  const known = await store.devices.list(accountId);
  return new Map(known.flatMap(({ id, label }) => (label === null ? [] : [[id, label] as const])));
}

/** The account's live sessions, the newest first, each with its device. */
export async function listDevices(parts: Parts, accountId: AccountId): Promise<readonly SignedInDevice[]> {
  const [sessions, labels] = await Promise.all([listSessions(parts, accountId), deviceLabels(parts, accountId)]);
  const ids = sessions.flatMap(({ device }) => (device.id === null ? [] : [device.id]));
  const remembered = await rememberedAmong(parts, accountId, ids);
  return sessions.map((session) => ({
    session,
    label: labels.get(session.device.id ?? '') ?? null,
    isRemembered: remembered.has(session.device.id ?? ''),
  }));
}

export type DeviceChange = {
  readonly by: Session;
  /** The session whose device it is. */
  readonly sessionId: SessionId;
  /** What it is called from now on; `''` for no name, null for the one that it has. */
  readonly label: string | null;
  /** `false` where it is to be asked for a second step again; null for what it is. It cannot be made to be spared it. */
  readonly remembered: string | null;
};

/**
 * Changes what is kept of the device of one of the account's sessions. It is of the device: later sessions on it have it, too. Throws
 * `not_found` for a session of nobody's, of somebody else's and one that has ended, alike; `invalid_input`.
 */
export async function changeDevice(
  parts: Parts,
  { by, sessionId, label, remembered }: DeviceChange,
): Promise<SignedInDevice> {
  const { accountId } = by;
  const target = (await listDevices(parts, accountId)).find(({ session }) => session.id === sessionId);
  if (target === undefined) throw new Refusal('not_found');
  if (remembered !== null && remembered !== 'false') throw invalidInput({ remembered: [texts.notRemembered] });
  const written = label === null ? null : await labelAs(parts, { by, device: target.session.device, text: label });
  if (remembered !== null) await forgetDevice(parts, accountId, target.session.device.id);
  return {
    session: target.session,
    label: written === null ? target.label : written.label,
    isRemembered: target.isRemembered && remembered === null,
  };
}

async function labelAs(
  parts: Parts,
  { by, device: { id, ...kind }, text }: { readonly by: Session; readonly device: Device; readonly text: string },
): Promise<{ readonly label: string | null }> {
  const written = deviceLabelFrom(text);
  if (typeof written === 'object') throw invalidInput({ name: [flawOf[written.flaw]] });
  if (id === null) throw invalidInput({ name: [texts.unnameable] });
  const { accountId } = by;
  const label = written === '' ? null : written;
  const isDone = unlessOver(await parts.store.devices.label({ accountId, by, device: { id, ...kind }, label }));
  if (!isDone) throw new Refusal('account_disabled');
  return { label };
}

const flawOf = { malformed: texts.nameMalformed, too_long: fieldTexts.maxLength(LONGEST_LABEL) } as const;
