/** Brings accounts along, batch by batch: each is taken over wholly, and what a killed run has done the next one finds done. */
import { proveImportedKey, proveImportedSession } from '../credentials/imported-key.ts';
import type { Proof } from '../credentials/proof.ts';
import { completeImports } from '../flows/complete-sign-in.ts';
import type { Parts } from '../flows/parts.ts';
import type { AccountId, Gate } from '../model/account.ts';
import { UNKNOWN_DEVICE } from '../model/device.ts';
import type { AccountRecord, ImportBatch, ImportedKey, Range } from '../stores/store.ts';
import type { ImportReport } from './import-report.ts';

export type Importing = {
  readonly parts: Parts;
  readonly report: ImportReport;
  /** Whether it is only looked what would be done. */
  readonly isLook: boolean;
};

/** Some accounts of a source, as it has them. */
export type SourceBatch = Omit<ImportBatch, 'isLook' | 'demandedOf'> & {
  /** All that they have; null of a source whose keys are not taken here. */
  readonly keys: readonly { readonly accountId: AccountId; readonly key: string }[] | null;
  /** An account as its operator knows it. */
  readonly whoOf: (id: AccountId) => string;
};

/** Takes a batch of accounts over, and their keys. */
export async function importBatch(importing: Importing, { keys, whoOf, ...batch }: SourceBatch): Promise<void> {
  const { parts, report, isLook } = importing;
  const { demandedOf } = parts.settings.secondStep;
  const done = await parts.store.imports.accounts({ ...batch, isLook, demandedOf });
  report.counts.refused += batch.unread.length;
  for (const { id, what, notes } of done.accounts) {
    report.counts[what]++;
    for (const note of notes) report.note(note, whoOf(id));
  }
  if (keys !== null) await importKeys(importing, batch, keys);
}

async function importKeys(
  { parts, report, isLook }: Importing,
  { after, upTo }: Range,
  keys: NonNullable<SourceBatch['keys']>,
): Promise<void> {
  const known = (await parts.store.imports.keys({ after, upTo })).filter(({ kind }) => kind === 'key');
  const hashes = new Set(known.map(({ hash }) => nameOf(hash)));
  const there = new Set<string>();
  const wanted: Wanted[] = [];
  for (const { accountId, key } of keys) {
    const hash = proveImportedKey(NOBODY, key)?.tokenHash;
    if (hash === undefined) continue;
    there.add(nameOf(hash));
    if (!hashes.has(nameOf(hash)))
      wanted.push({ accountId, prove: (gate) => proveImportedKey(gate, key), kind: 'key' });
  }
  report.counts.keys += await admitWanted({ parts, report, isLook }, wanted);
  const gone = known.filter(({ hash }) => !there.has(nameOf(hash)));
  report.counts.ended += await endGone({ parts, isLook }, gone);
}

/** Whose key it is does not matter to what it is known by. */
const NOBODY: Gate = {
  ...{ accountId: 0, state: 'active', roles: [], revision: 0, validFrom: 0, kept: null, reason: 'revoked' },
};

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1');
}

export type Wanted = {
  readonly accountId: AccountId;
  readonly prove: (gate: Gate) => { readonly proof: Proof; readonly tokenHash: Uint8Array } | null;
  readonly kind: ImportedKey['kind'];
  /** Where it is over sooner than a session that is opened here. */
  readonly lifetimeMs?: number;
};

export function wantedSession(accountId: AccountId, sessionKey: string, lifetimeMs: number): Wanted {
  return { accountId, prove: (gate) => proveImportedSession(gate, sessionKey), kind: 'browser', lifetimeMs };
}

/** Opens sessions for what came along, and notes them. How many are in. */
export async function admitWanted({ parts, report, isLook }: Importing, wanted: readonly Wanted[]): Promise<number> {
  const isNeeded = wanted.length > 0 && !isLook;
  if (!isNeeded) return wanted.length;
  const records = await Promise.all(wanted.map(({ accountId }) => cameAlong(parts, accountId)));
  const shown = wanted.flatMap(({ accountId, prove, kind, lifetimeMs }, at) => {
    const gate = records[at]?.gate;
    const proved = gate?.state === 'active' ? prove(gate) : null;
    if (proved === null) report.note('key_of_inactive', `account ${accountId}`);
    return proved === null ? [] : [{ ...proved, accountId, kind, ...(lifetimeMs !== undefined && { lifetimeMs }) }];
  });
  const sessions = await completeImports(
    parts,
    shown.map(({ proof, tokenHash, lifetimeMs }) => ({
      ...{ proof, tokenHash, isFresh: false, device: UNKNOWN_DEVICE },
      ...(lifetimeMs !== undefined && { lifetimeMs }),
    })),
  );
  const add = shown.flatMap(({ tokenHash: hash, accountId, kind }, at): ImportedKey[] => {
    const session = sessions[at] ?? null;
    return session === null ? [] : [{ hash, accountId, sessionId: session.id, kind }];
  });
  await parts.store.imports.noteKeys({ add, remove: [] });
  return add.length;
}

/** Whose number is another's here, or nobody's yet, did not come along: nor do their keys. */
async function cameAlong({ store }: Parts, id: AccountId): Promise<AccountRecord | null> {
  return (await store.imports.origin(id)) === null ? null : await store.accounts.find(id);
}

/** What is there no more where it came from has ended: its holder signed out, or it was taken from them. */
export async function endGone(
  { parts: { store }, isLook }: Pick<Importing, 'parts' | 'isLook'>,
  gone: readonly ImportedKey[],
): Promise<number> {
  if (isLook || gone.length === 0) return gone.length;
  for (const { accountId, sessionId } of gone) {
    await store.sessions.end({ accountId, sessionId, by: null, reason: 'signed_out' });
  }
  await store.imports.noteKeys({ add: [], remove: gone.map(({ hash }) => hash) });
  return gone.length;
}
