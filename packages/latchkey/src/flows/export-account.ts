import type { AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import type { AccountDevice } from '../model/device.ts';
import { Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { HistoryEntry } from '../stores/store.ts';
import type { Parts } from './parts.ts';

export type AccountExport = Readonly<Record<string, unknown>>;

const PAGE = 500;

/** All that is kept about an account and means anything to its owner: no hash, no token, nothing that opens anything. Times are ISO 8601, UTC. */
export async function exportAccount(parts: Parts, id: AccountId): Promise<AccountExport> {
  const { store } = parts;
  const record = await store.accounts.find(id);
  if (record === null) throw new Refusal('account_disabled');
  const { account } = record;
  const { sessions } = await store.sessions.list(id);
  const { credentials } = await store.credentials.list(id);
  return {
    account: {
      id: account.id,
      username: account.username,
      first_name: account.firstName,
      last_name: account.lastName,
      state: account.state,
      has_password: record.passwordHash !== null,
      created_at: isoTime(account.createdAt),
    },
    profile: account.profile,
    addresses: account.email === '' ? [] : [{ address: account.email, verified: account.emailVerified }],
    roles: account.roles,
    credentials: credentials.map(credentialOf),
    devices: (await store.devices.list(id)).map(deviceOf),
    sessions: sessions.map(sessionOf),
    history: (await historyOf(parts, id)).map(entryOf),
  };
}

function credentialOf({ kind, label, createdAt, lastUsedAt }: Credential): AccountExport {
  const usedAt = lastUsedAt === null ? null : isoTime(lastUsedAt);
  return { kind, ...(label !== '' && { name: label }), created_at: isoTime(createdAt), last_used_at: usedAt };
}

function deviceOf({ id, label, name, class: deviceClass, firstSeenAt, lastSeenAt }: AccountDevice): AccountExport {
  const times = { first_seen_at: isoTime(firstSeenAt), last_seen_at: isoTime(lastSeenAt) };
  return { id, name: label, device: name, class: deviceClass, ...times };
}

function sessionOf(session: Session): AccountExport {
  return {
    id: session.id,
    device: session.device.name,
    class: session.device.class,
    place: session.place,
    client: session.client,
    bound_by: session.binding?.kind ?? null,
    method: session.method,
    opened_at: isoTime(session.openedAt),
    last_seen_at: isoTime(session.seenAt),
    expires_at: isoTime(session.expiresAt),
  };
}

async function historyOf({ store }: Parts, accountId: AccountId): Promise<readonly HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  for (let before: number | null = null; ; ) {
    const page: readonly HistoryEntry[] = await store.history.page({ accountId, before, limit: PAGE });
    all.push(...page);
    before = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return all;
  }
}

/** The name of a network is a hash: left out. */
function entryOf({ at, kind, sessionId, data: { network: _, ...data } }: HistoryEntry): AccountExport {
  const whose = kind.startsWith('approval_') ? { approval: sessionId } : { session: sessionId };
  return { at: isoTime(at), what: kind, ...(sessionId !== null && whose), ...data };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
