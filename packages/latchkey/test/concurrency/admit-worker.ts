/**
 * One of several processes that sign in at the same instant: its proofs are made before, its connection is open, and a barrier
 * lets it go straight into the door. Told to be `planted`, it goes through a door that reads first and writes later.
 */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { showPassword } from '../../src/credentials/password.ts';
import type { Proof } from '../../src/credentials/proof.ts';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import { UNKNOWN_DEVICE } from '../../src/model/device.ts';
import { NOWHERE } from '../../src/model/place.ts';
import { admit } from '../../src/sessions/admit.ts';
import { openTest } from '../../src/testing/instance.ts';

export type Order = {
  readonly accountId: number;
  readonly signIns: number;
  /** When to go, in nanoseconds of the monotonic clock that all processes of a machine share (`process.hrtime`). */
  readonly at: string;
  readonly planted: boolean;
};

/** How many of them did not get in. */
export type Report = { readonly failed: number };

const [, , database = '', limit = '1'] = process.argv;
const max = Number(limit);
const { assembled } = await openTest({ database: `sqlite:${database}`, sessions: { limit: max } });
const { parts } = assembled;
const planted = new DatabaseSync(database, { timeout: 5000 });

async function proofs(accountId: number, count: number): Promise<readonly Proof[]> {
  const record = await parts.store.accounts.find(accountId);
  assert.ok(record !== null);
  const shown = await Promise.all(
    Array.from({ length: count }, () => showPassword(parts.hasher, record, 'a password', { isStripped: true })),
  );
  return shown.map((one) => {
    assert.equal(one.kind, 'right');
    return (one as Extract<typeof one, { kind: 'right' }>).proof;
  });
}

/** Spins until the moment comes: a timer would let the processes go one after the other. */
function waitFor(at: bigint): void {
  while (process.hrtime.bigint() < at);
}

async function throughTheDoor(proof: Proof): Promise<void> {
  const outcome = await admit(parts, proof, {
    ...{ device: UNKNOWN_DEVICE, deviceTokens: null, client: null, binding: null },
    ...{ place: async () => NOWHERE, network: () => null },
  });
  assert.equal(outcome.kind, 'opened');
}

const readLive = planted.prepare('SELECT id, sequence FROM session WHERE account_id = ? AND ended_at IS NULL');
const makeGate = planted.prepare(
  `INSERT INTO gate (account_id, state, roles, revision, valid_from, reason, last_sequence)
   VALUES (?, 'active', '[]', 1, 1, 'revoked', 0) ON CONFLICT DO NOTHING`,
);
const nextSequence = planted.prepare(
  'UPDATE gate SET last_sequence = last_sequence + 1 WHERE account_id = ? RETURNING last_sequence AS next',
);
const end = planted.prepare("UPDATE session SET ended_at = 1, ended_reason = 'displaced' WHERE id = ?");
const insert = planted.prepare(
  `INSERT INTO session (token_hash, id, account_id, sequence, device_class, device_name, method, opened_at,
     authenticated_at, seen_at, expires_at, opened_revision, roles)
   VALUES (?, ?, ?, ?, 'cli', 'curl', 'password', 1, 1, 1, 1, 1, '[]')`,
);

/** What other systems do: read the live sessions, decide, and write, step by step. */
async function readThenWrite({ gate: { accountId } }: Proof): Promise<void> {
  const live = readLive.all(accountId) as { id: string; sequence: number }[];
  await nextTurn();
  const surplus = live.sort((a, b) => a.sequence - b.sequence).slice(0, Math.max(0, live.length + 1 - max));
  for (const { id } of surplus) end.run(id);
  makeGate.run(accountId);
  const { next } = nextSequence.get(accountId) as { next: number };
  insert.run(newSessionToken(accountId).hash, newSessionId(), accountId, next);
}

process.on('message', async (order: Order) => {
  const made = await proofs(order.accountId, order.signIns);
  waitFor(BigInt(order.at));
  const outcomes = await Promise.allSettled(
    made.map((proof) => (order.planted ? readThenWrite(proof) : throughTheDoor(proof))),
  );
  const failed = outcomes.filter(({ status }) => status === 'rejected').length;
  process.send?.({ failed } satisfies Report);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
