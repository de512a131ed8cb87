/** The sentences about sign-ins that ask to be let in: each is a thing usable once of its account, by the hash of its ticket. */
import { type Approval, approvalState } from '../../model/approval.ts';
import type { ApprovalStore, NewApproval, Over } from '../store.ts';
import { note } from './history.ts';
import { peek, put, spend } from './once.ts';
import { overBy } from './sessions.ts';
import { define, type Run, rows, type Sentence } from './statement.ts';

const PURPOSE = 'approve-session';

const selectOfAccount = define<{ account_id: number; purpose: string; now: number }>('approvals.selectOfAccount')(
  (db, arg) =>
    db
      .selectFrom('once')
      .select(['hash', 'data'])
      .where('account_id', '=', arg.account_id)
      .where('purpose', '=', arg.purpose)
      .where('expires_at', '>', arg.now)
      .orderBy('created_at'),
);

const update = define<{ hash: Uint8Array; data: string; expires_at: number }>('approvals.update')((db, arg) =>
  db.updateTable('once').set({ data: arg.data, expires_at: arg.expires_at }).where('hash', '=', arg.hash),
);

/** As it is kept. */
type Kept = Approval & { readonly from: string };

type Row = { readonly hash: Uint8Array; readonly kept: Kept };

function* allOf(run: Run, accountId: number): Sentence<readonly Row[]> {
  const found = yield* rows(run, selectOfAccount, { account_id: accountId, purpose: PURPOSE, now: run.now });
  return found.map(({ hash, data }) => ({ hash, kept: JSON.parse(data) as Kept }));
}

function approvalOf({ from: _, ...approval }: Kept): Approval {
  return approval;
}

export function* ask(
  run: Run,
  { approval, most }: { readonly approval: NewApproval; readonly most: number },
): Sentence<Approval | null> {
  const { accountId, ticket, waitMs, tellMs, id, from, device, place, data } = approval;
  const before = yield* allOf(run, accountId);
  const isWaiting = ({ kept }: Row): boolean => approvalState(kept, run.now) === 'waiting';
  if (before.filter((one) => isWaiting(one) && one.kept.from !== from).length >= most) return null;
  for (const { hash, kept } of before) {
    // Who was told no may still be told so.
    if (kept.from === from && kept.verdict?.kind !== 'declined') yield* spend(run, { purpose: PURPOSE, hash });
  }
  const kept: Kept = {
    ...{ id, from, device, place, data },
    ...{ askedAt: run.now, waitsUntil: run.now + waitMs, verdict: null },
  };
  const once = { purpose: PURPOSE, hash: ticket, lifetimeMs: waitMs + tellMs, data: JSON.stringify(kept) } as const;
  yield* put(run, once, accountId);
  const told = { device: device.name, class: device.class, place };
  yield* note(run, { kind: 'approval_asked', accountId, sessionId: id, data: told });
  return approvalOf(kept);
}

export function* waiting(run: Run, accountId: number): Sentence<Awaited<ReturnType<ApprovalStore['waiting']>>> {
  const all = (yield* allOf(run, accountId)).map(({ kept }) => approvalOf(kept));
  return { approvals: all.filter((one) => approvalState(one, run.now) === 'waiting'), now: run.now };
}

export function* find(run: Run, ticket: Uint8Array): Sentence<Awaited<ReturnType<ApprovalStore['find']>>> {
  const found = yield* peek(run, { purpose: PURPOSE, hash: ticket });
  return found === null ? null : { approval: approvalOf(JSON.parse(found.data) as Kept), now: run.now };
}

export function* answer(
  run: Run,
  { accountId, id, by, verdict, collectMs }: Parameters<ApprovalStore['answer']>[0],
): Sentence<Approval | Over | null> {
  const over = yield* overBy(run, by, accountId);
  if (over !== null) return over;
  const found = (yield* allOf(run, accountId)).find(({ kept }) => kept.id === id);
  if (found === undefined || approvalState(found.kept, run.now) !== 'waiting') return null;
  const kept: Kept = { ...found.kept, verdict };
  yield* rows(run, update, { hash: found.hash, data: JSON.stringify(kept), expires_at: run.now + collectMs });
  const kind = verdict.kind === 'approved' ? 'approval_given' : 'approval_declined';
  const { device, place } = kept;
  const told = { device: device.name, class: device.class, place, by_session: by.id };
  yield* note(run, { kind, accountId, sessionId: id, data: told });
  return approvalOf(kept);
}
