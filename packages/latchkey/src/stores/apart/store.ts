/**
 * Accounts in one store and sessions in another, which have no transaction in common. What is changed about an account is
 * committed together with the note that its sessions have to be told, then they are told, and only then it is answered; whoever
 * dies in between has it finished by another. What an account spends is spent before its session opens: a crash in between costs
 * the person that code, and never gives it a second use.
 */
import type { AccountId } from '../../model/account.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Admit, Admitted, By, Over, Store, Voided } from '../store.ts';
import type { AccountsSide } from './accounts-side.ts';
import { handovers } from './handovers.ts';
import { ledgerOf } from './ledger.ts';
import { watched } from './watched.ts';

/** What a change of an account comes to; only what voided something carries the account's record. */
type Outcome = object | null;

export function storeApart(accounts: AccountsSide, elsewhere: RedisStore): Store {
  const { sessions, counters, marks } = elsewhere;
  const { feed, watch } = watched(elsewhere.feed);
  const ledger = ledgerOf({ streams: elsewhere.history, accounts });
  const handing = handovers({ sessions, accounts });

  /** A change that voids sessions, or alters what a check returns of them. */
  const handOver = async <Done extends Outcome>(
    { id, by }: { readonly id: AccountId; readonly by: By },
    change: () => Promise<Done>,
  ): Promise<Done | Over> => {
    const over = await sessions.overOf(by, id);
    if (over !== null) return over;
    // What happened before it is written down before it.
    await ledger.ofAccount(id);
    const done = await change();
    if (!isVoided(done)) return done;
    const ended = await handing.now(done.record.gate);
    ledger.soon(id);
    return { ...done, ended };
  };
  const handedOver =
    <Given extends { readonly id: AccountId; readonly by: By }, Done extends Outcome>(
      change: (given: Given) => Promise<Done>,
    ) =>
    (given: Given): Promise<Done | Over> =>
      handOver(given, () => change(given));
  /** The same of an account's credentials. */
  const ofCredentials =
    <Given extends { readonly accountId: AccountId; readonly by: By }, Done extends Outcome>(
      change: (given: Given) => Promise<Done>,
    ) =>
    (given: Given): Promise<Done | Over> =>
      handOver({ id: given.accountId, by: given.by }, () => change(given));
  /** One that nobody's session asks for. */
  const ordered =
    <Given extends { readonly id: AccountId }, Done extends Voided>(change: (given: Given) => Promise<Done | null>) =>
    async (given: Given): Promise<Done | null> =>
      (await handOver({ id: given.id, by: null }, () => change(given))) as Done | null;

  const admit = async (input: Admit): Promise<Admitted> => {
    if (input.spends.length > 0 && !(await accounts.apart.spend(input))) return { kind: 'spent' };
    const admitted = await sessions.admit(input);
    if (admitted.kind === 'admitted') ledger.soon(input.gate.accountId);
    return admitted;
  };

  return {
    ...accounts,
    accounts: {
      ...accounts.accounts,
      async updateProfile(change) {
        const over = await sessions.overOf(change.by, change.id);
        return over ?? (await accounts.accounts.updateProfile(change));
      },
      changePassword: handedOver(accounts.accounts.changePassword),
      resetPassword: ordered(accounts.accounts.resetPassword),
      claimEmail: ordered(accounts.accounts.claimEmail),
      async beginEmailChange(change) {
        const over = await sessions.overOf(change.by, change.id);
        return over ?? (await accounts.accounts.beginEmailChange(change));
      },
      undoEmailChange: ordered(accounts.accounts.undoEmailChange),
      disownSession: ordered(accounts.accounts.disownSession),
      setState: ordered(accounts.accounts.setState),
      setRoles: ordered(accounts.accounts.setRoles),
      signOutEverywhere: handedOver(accounts.accounts.signOutEverywhere),
      async signAllOut(page) {
        await ledger.ofAll();
        const done = await accounts.accounts.signAllOut(page);
        await handing.all(await accounts.apart.gatesOf({ from: page.after + 1, to: done.upTo }));
        return done;
      },
      async close(closing) {
        const closed = await handedOver(accounts.accounts.close)(closing);
        if (closed === null || 'over' in closed) return closed;
        // What its sessions said of their devices until now must not come after them.
        await ledger.ofAccount(closing.id);
        await accounts.apart.forgetDevices(closing.id);
        return closed;
      },
      resetSecondStep: ordered(accounts.accounts.resetSecondStep),
    },
    credentials: {
      ...accounts.credentials,
      add: ofCredentials(accounts.credentials.add),
      remove: ofCredentials(accounts.credentials.remove),
    },
    sessions: {
      ...sessions,
      admit,
      admitAll: (admits) => Promise.all(admits.map(admit)),
      async end(end) {
        const ended = await sessions.end(end);
        ledger.soon(end.accountId);
        return ended;
      },
      async reauthenticate(shown) {
        const over = await sessions.overOf(shown.by, shown.gate.accountId);
        if (over !== null) return over;
        if (shown.spends.length > 0 && !(await accounts.apart.spend(shown))) return { kind: 'spent' };
        return await sessions.reauthenticate(shown);
      },
      async changes(since) {
        await ledger.ofAll();
        return await accounts.sessions.changes(since);
      },
      async changesOf(since) {
        await ledger.ofAccount(since.accountId);
        return await accounts.sessions.changesOf(since);
      },
      async position() {
        await ledger.ofAll();
        return await accounts.sessions.position();
      },
      watch,
    },
    devices: {
      async list(accountId) {
        await ledger.ofAccount(accountId);
        return await accounts.devices.list(accountId);
      },
      async label(labelling) {
        const { accountId } = labelling;
        const over = await sessions.overOf(labelling.by, accountId);
        if (over !== null) return over;
        await ledger.ofAccount(accountId);
        return await accounts.devices.label(labelling);
      },
    },
    approvals: {
      ...accounts.approvals,
      async ask(asking) {
        // What happened before it is written down before it.
        await ledger.ofAccount(asking.approval.accountId);
        return await accounts.approvals.ask(asking);
      },
      async answer(answer) {
        const over = await sessions.overOf(answer.by, answer.accountId);
        return over ?? (await accounts.approvals.answer(answer));
      },
    },
    counters,
    marks,
    history: {
      ...accounts.history,
      async page(page) {
        await ledger.ofAccount(page.accountId);
        return await accounts.history.page(page);
      },
      async byAccount(page) {
        if (page.after === null) await ledger.ofAll();
        return await accounts.history.byAccount(page);
      },
    },
    imports: {
      ...accounts.imports,
      async accounts(batch) {
        await ledger.ofAll();
        const done = await accounts.imports.accounts(batch);
        // A new password there ends what the old one opened here, and not what came along.
        const spared = done.gates.filter(({ reason, state }) => reason === 'password_changed' && state !== 'closed');
        await Promise.all(spared.map(sessions.spare));
        await handing.all(done.gates);
        return done;
      },
    },
    feed,
    async writable() {
      await Promise.all([accounts.writable(), elsewhere.writable()]);
    },
    async close() {
      await Promise.all([handing.close(), ledger.close()]);
      await Promise.all([accounts.close(), elsewhere.close()]);
    },
  };
}

function isVoided(done: Outcome): done is Voided {
  return done !== null && 'record' in done;
}
