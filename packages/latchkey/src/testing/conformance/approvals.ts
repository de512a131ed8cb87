/** What every store must do with sign-ins that ask to be let in: cases of the conformance suite. */
import assert from 'node:assert/strict';
import { newApprovalId } from '../../crypto/token.ts';
import type { Gate, SessionId } from '../../model/account.ts';
import { type Approval, approvalState, type Verdict } from '../../model/approval.ts';
import type { Session } from '../../model/session.ts';
import type { NewApproval, Store } from '../../stores/store.ts';
import { admission, signIn } from './limits.ts';
import { atOnce, type Cases, ids, newGate } from './world.ts';

const WAIT_MS = 120_000;
const TELL_MS = 600_000;

let made = 0;

type Asked = Approval & { readonly ticket: Uint8Array };

function newApproval({ accountId }: Gate, given: Partial<NewApproval> = {}): NewApproval {
  made++;
  const ticket = new Uint8Array(32).fill(made % 250);
  ticket.set([Math.floor(made / 250), 17]);
  return {
    ...{ id: newApprovalId(), accountId, ticket, from: `device ${made}`, data: `data “${made}”` },
    ...{ device: { name: 'Firefox on Windows', class: 'web' }, place: 'Vienna', waitMs: WAIT_MS, tellMs: TELL_MS },
    ...given,
  };
}

async function ask(store: Store, gate: Gate, given: Partial<NewApproval> = {}): Promise<Asked> {
  const approval = newApproval(gate, given);
  const asked = await store.approvals.ask({ approval, most: 3 });
  assert.ok(asked !== null);
  return { ...asked, ticket: approval.ticket };
}

const waitingFor = async (store: Store, { accountId }: Gate): Promise<readonly string[]> =>
  ids((await store.approvals.waiting(accountId)).approvals);

async function stateOf(store: Store, { ticket }: Asked): Promise<string | null> {
  const found = await store.approvals.find(ticket);
  return found === null ? null : approvalState(found.approval, found.now);
}

type Said = { readonly by: Session; readonly verdict?: Verdict; readonly collectMs?: number };

const approvedBy = (by: Session, ends: readonly SessionId[] | null = null): Verdict => ({
  ...{ kind: 'approved', by: by.id, ends },
});

async function answer(store: Store, { id }: Pick<Approval, 'id'>, { by, verdict, collectMs = WAIT_MS }: Said) {
  const said = { accountId: by.accountId, id, by, verdict: verdict ?? approvedBy(by), collectMs };
  return await store.approvals.answer(said);
}

export const approvalCases: Cases = {
  async 'a sign-in that asks waits for so long, is listed and found as it was kept, and is told of for a while'({
    store,
    clock,
  }) {
    const gate = await newGate(store);
    const [first, second] = [await ask(store, gate), await ask(store, gate, { place: null })];
    await ask(store, await newGate(store));
    const { approvals, now } = await store.approvals.waiting(gate.accountId);
    assert.deepEqual([ids(approvals), now], [[first.id, second.id], clock()]);
    const { ticket, ...kept } = first;
    assert.deepEqual(approvals[0], kept);
    assert.deepEqual(await store.approvals.find(ticket), { approval: kept, now });
    const { device, place, askedAt, waitsUntil, verdict } = kept;
    assert.deepEqual([device, place, verdict], [{ name: 'Firefox on Windows', class: 'web' }, 'Vienna', null]);
    assert.deepEqual([askedAt, waitsUntil], [clock(), clock() + WAIT_MS]);
    assert.equal(await store.approvals.find(new Uint8Array(32).fill(251)), null);

    clock.advance(WAIT_MS - 1);
    assert.equal((await waitingFor(store, gate)).length, 2);
    clock.advance(1);
    assert.deepEqual([await waitingFor(store, gate), await stateOf(store, first)], [[], 'expired']);
    clock.advance(TELL_MS - 1);
    assert.equal(await stateOf(store, first), 'expired');
    clock.advance(1);
    assert.equal(await stateOf(store, first), null);
  },

  async 'F-40: no more wait for an account than may, however many ask at once; one of a device takes the place of its last'(
    world,
  ) {
    const { store, clock } = world;
    const gate = await newGate(store);
    const asked = await atOnce(world, 30, (other) => other.approvals.ask({ approval: newApproval(gate), most: 3 }));
    assert.equal(asked.filter((one) => one !== null).length, 3);
    assert.equal((await waitingFor(store, gate)).length, 3);
    clock.advance(WAIT_MS);
    const from = 'my phone';
    const before = await ask(store, gate, { from });
    const others = [await ask(store, gate), await ask(store, gate)];
    const again = await ask(store, gate, { from });
    assert.deepEqual(await waitingFor(store, gate), ids([...others, again]));
    assert.equal(await stateOf(store, before), null, 'its ticket is good for nothing');
    const { session: by } = await signIn(store, gate);
    assert.equal(await answer(store, before, { by }), null);
    await answer(store, again, { by, verdict: { kind: 'declined' } });
    await ask(store, gate, { from });
    assert.equal(await stateOf(store, again), 'declined', 'who was told no is still told so');
  },

  async 'F20, L22: of twenty answers at once one counts, given by a session of that account which is in, and in time'(
    world,
  ) {
    const { store, clock } = world;
    const gate = await newGate(store);
    const [{ session: by }, { session: stranger }] = [
      await signIn(store, gate),
      await signIn(store, await newGate(store)),
    ];
    const asked = await ask(store, gate);
    assert.equal(await answer(store, asked, { by: stranger }), null, 'it is not theirs');
    assert.equal(await answer(store, { id: 'apr_nobodys' }, { by }), null);
    const verdicts = (turn: number): Verdict => (turn % 4 === 0 ? approvedBy(by, ['ses_1']) : { kind: 'declined' });
    let turn = 0;
    const answers = await atOnce(world, 20, (other) => answer(other, asked, { by, verdict: verdicts(turn++) }));
    const counted = answers.filter((one) => one !== null);
    assert.equal(counted.length, 1);
    const found = await store.approvals.find(asked.ticket);
    assert.deepEqual([found?.approval], counted);
    assert.deepEqual(await waitingFor(store, gate), []);

    const late = await ask(store, gate);
    clock.advance(WAIT_MS);
    assert.equal(await answer(store, late, { by }), null);
    const another = await ask(store, gate);
    await store.sessions.end({ accountId: gate.accountId, sessionId: by.id, by: null, reason: 'signed_out' });
    assert.deepEqual(await answer(store, another, { by }), { over: 'signed_out' });
    assert.equal(await stateOf(store, another), 'waiting');
  },

  async 'the door takes a ticket that was approved once, for as long as it may be collected, while whoever approved is in'(
    world,
  ) {
    const { store, clock } = world;
    const gate = await newGate(store);
    const rule = { max: 2, whenFull: 'approve' } as const;
    const [one, { session: by }] = [await signIn(store, gate, rule), await signIn(store, gate, rule)];
    const letIn = async (ends: readonly SessionId[]) => {
      const asked = await ask(store, gate);
      const approved = await answer(store, asked, { by, verdict: approvedBy(by, ends), collectMs: 30_000 });
      assert.ok(approved !== null && !('over' in approved));
      return {
        ...rule,
        spends: [{ purpose: 'approve-session', hash: asked.ticket }],
        ends,
        approvedBy: by.id,
      } as const;
    };
    const given = await letIn([one.session.id]);
    const outcomes = await atOnce(world, 20, (other) => other.sessions.admit(admission(gate, given)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'admitted').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'spent').length, 19);
    assert.equal((await store.sessions.list(gate.accountId)).sessions.length, 2);

    const late = await letIn([by.id]);
    clock.advance(30_000);
    assert.equal((await store.sessions.admit(admission(gate, late))).kind, 'spent');
    const left = await letIn([by.id]);
    await store.sessions.end({ accountId: gate.accountId, sessionId: by.id, by: null, reason: 'revoked' });
    const outcome = await store.sessions.admit(admission(gate, left));
    assert.deepEqual(outcome, { kind: 'void', why: 'approval_void' });
  },

  async 'F-30: whoever follows the account hears of it and of its answer in their order, and history keeps both'({
    store,
  }) {
    const gate = await newGate(store);
    const { session: by } = await signIn(store, gate);
    const after = await store.sessions.position();
    const [one, other] = [await ask(store, gate), await ask(store, gate, { place: null })];
    await answer(store, one, { by });
    await answer(store, other, { by, verdict: { kind: 'declined' } });
    const { accountId } = gate;
    const told = await store.sessions.changesOf({ accountId, after, limit: 10 });
    const positions = told.map(({ position }) => position);
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
    const at = one.askedAt;
    const device = { name: 'Firefox on Windows', class: 'web' };
    assert.deepEqual(
      told.map(({ position: _, ...change }) => change),
      [
        { kind: 'approval_asked', asking: { approvalId: one.id, accountId, at, device, place: 'Vienna' } },
        { kind: 'approval_asked', asking: { approvalId: other.id, accountId, at, device, place: null } },
        { kind: 'approval_answered', answer: { approvalId: one.id, accountId, at, isApproved: true } },
        { kind: 'approval_answered', answer: { approvalId: other.id, accountId, at, isApproved: false } },
      ],
    );
    assert.deepEqual(await store.sessions.changes({ after, limit: 10 }), told);
    const entries = await store.history.page({ accountId, before: null, limit: 4 });
    assert.deepEqual(
      entries.map(({ kind, sessionId, data }) => [kind, sessionId, data['by_session'] ?? null]),
      [
        ['approval_declined', other.id, by.id],
        ['approval_given', one.id, by.id],
        ['approval_asked', other.id, null],
        ['approval_asked', one.id, null],
      ],
    );
  },

  async 'an account that is closed has none, and keeps nothing of the devices that asked'({ store }) {
    const gate = await newGate(store);
    const asked = await ask(store, gate);
    await store.accounts.close({ id: gate.accountId, by: null });
    assert.deepEqual([await waitingFor(store, gate), await stateOf(store, asked)], [[], null]);
    const entries = await store.history.page({ accountId: gate.accountId, before: null, limit: 10 });
    const { data } = entries.find(({ kind }) => kind === 'approval_asked') ?? assert.fail();
    assert.deepEqual(data, {});
  },
};
