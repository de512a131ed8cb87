/**
 * The owner's defence at the door: how often new devices may take the places of others before more is asked of them, and that a
 * device which the account knows gets its place back from whoever took it.
 */
import { keptOfStep } from '../credentials/mail.ts';
import type { Proof } from '../credentials/proof.ts';
import { spentProof } from '../credentials/waiting-proof.ts';
import { newLinkSecret, newTypedCode } from '../crypto/token.ts';
import type { Account } from '../model/account.ts';
import type { Limit } from '../model/admission.ts';
import { Refusal } from '../model/reasons.ts';
import { secondStepsAfter } from '../model/second-step.ts';
import { decideTakeover, type Takeover, type TakeoverVerdict } from '../model/takeover.ts';
import type { Admitting, Outcome } from '../sessions/admit.ts';
import { countTakeover, takeOne } from './attempts.ts';
import { deviceOf, type Entry, isContested, type KnownToAccount, noteEntry } from './devices-of-account.ts';
import { forgotLink } from './links.ts';
import type { Parts } from './parts.ts';
import { keepTicket, type SecondStepDue, spendForTicket } from './tickets.ts';

/** Codes that are mailed to an account's owner because somebody would take the place of a device. */
const STEP_MAILS = { limit: 5, windowMs: 3_600_000 };

/** The door, which `complete-sign-in` alone opens. */
type Enter = (proof: Proof, terms: Admitting) => Promise<Outcome>;

type Entering = Admitting & {
  readonly account: Account;
  readonly enter: Enter;
  /** Whether its proof is that of a ticket, for which no more than a password may have been shown. */
  readonly mayBeHalf: boolean;
};

export type DefendedOutcome =
  | Exclude<Outcome, { kind: 'held' }>
  /** More is to be shown first: nobody is in, and nobody went. */
  | ({ readonly kind: 'step-up' } & SecondStepDue);

/**
 * Brings a proof to the door by `enter`, unless a device would have to go for it that `model/takeover.ts` lets nobody take the
 * place of yet. Throws `too_many_attempts` where that is so and there is nothing more to show.
 */
export async function admitDefended(
  parts: Parts,
  proof: Proof,
  { account, enter, mayBeHalf, ...entering }: Entering,
): Promise<DefendedOutcome> {
  if (!isDefended(parts, entering.limits)) return unheld(await enter(proof, entering));
  const device = await deviceOf(parts, proof, entering.caller);
  const by = standingOf(proof, device);
  const terms = { ...entering, goesFirst: device.goesFirst };
  if (by === 'new') return await admitNew(parts, proof, { account, device, by, terms, enter });
  const entry = { account, device, by: mayBeHalf && !device.isKnown ? 'new' : by } as const;
  return await noted(parts, entry, unheld(await enter(proof, terms)));
}

type Coming = Omit<Entry, 'opened'> & { readonly terms: Admitting; readonly enter: Enter };

/** A new device holds back first: it comes in where nobody has to go for it, and else where the rule lets it. */
async function admitNew(parts: Parts, proof: Proof, { terms, enter, ...entry }: Coming): Promise<DefendedOutcome> {
  const { account } = entry;
  // What a proof would add to the account waits until all is shown: such a one asks before it comes to the door.
  const asksFirst = addsSomething(proof) && (await isAnybodyIn(parts, account));
  const outcome = asksFirst ? HELD : await enter(proof, { ...terms, holdsBack: true });
  const isToBeAsked = outcome.kind === 'held' || (outcome.kind === 'full' && mayTakeByChoice(parts));
  if (!isToBeAsked) return await noted(parts, entry, unheld(outcome));

  const allowed = await allowanceFor(parts, { account, proof });
  if (allowed.verdict.kind !== 'none') {
    if (asksFirst && !(await spendForTicket(parts, proof))) return { kind: 'void' };
    return await withheld(parts, { account, proof: asksFirst ? proof : spentProof(proof), ...allowed });
  }
  if (outcome.kind === 'full') return outcome;
  // Of what was held, all is used up that it uses up, and its mails are on their way.
  const again = asksFirst ? enter(proof, terms) : enter(spentProof(proof), { ...terms, outbox: [] });
  const second = unheld(await again);
  if (second.kind !== 'opened' || second.displaced.length === 0) await allowed.giveBack();
  return await noted(parts, entry, second);
}

const HELD: Outcome = { kind: 'held' };

function addsSomething({ spends }: Proof): boolean {
  return spends.some((spend) => 'adds' in spend);
}

async function isAnybodyIn({ store }: Parts, { id }: Account): Promise<boolean> {
  return (await store.sessions.list(id)).sessions.length > 0;
}

/** Where nobody ever has to go, there is nothing to defend. */
function isDefended({ settings: { takeovers } }: Parts, limits: readonly Limit[]): boolean {
  return (takeovers.rate !== null || takeovers.stepUp) && limits.some(({ max }) => max !== 'unlimited');
}

/** Whether an account's owner is told of a new device that takes the place of another. */
export function isTold(parts: Parts, limits: readonly Limit[]): boolean {
  return parts.settings.attempts !== 'off' && isDefended(parts, limits);
}

/** Whoever finds no place is asked whose they would have. */
function mayTakeByChoice({ settings: { sessions } }: Parts): boolean {
  return sessions.whenFull === 'ask';
}

/** Whoever reads the account's mail could have reset its password: there is nothing that they would be asked for beside. */
function standingOf({ isWhole, method }: Proof, { isKnown }: KnownToAccount): Takeover['by'] {
  if (isWhole || method === 'mail') return 'proven';
  return isKnown ? 'known' : 'new';
}

/** Whoever does not hold back is not held. */
function unheld(outcome: Outcome): Exclude<Outcome, { kind: 'held' }> {
  if (outcome.kind === 'held') throw new Error('A sign-in was held that did not hold back.');
  return outcome;
}

type Allowed = {
  readonly verdict: TakeoverVerdict;
  /** What the account has to show beside the proof; nothing where a code is mailed. */
  readonly kinds: SecondStepDue['kinds'];
  readonly retryAfterMs: number;
  /** Nobody went after all. */
  giveBack(): Promise<void>;
};

/** What the rule says, counted where it is up to the count. */
async function allowanceFor(
  parts: Parts,
  { account, proof }: { readonly account: Account; readonly proof: Proof },
): Promise<Allowed> {
  const { rate, stepUp } = parts.settings.takeovers;
  const { credentials } = await parts.store.credentials.list(account.id);
  const kinds = secondStepsAfter(
    proof.method,
    credentials.map(({ kind }) => kind),
  );
  const asked = {
    by: 'new',
    isContested: await isContested(parts, account.id),
    canStepUp: kinds.length > 0 || (account.email !== '' && account.emailVerified),
  } as const;
  const verdict = decideTakeover({ stepUp }, { ...asked, isWithinRate: true });
  if (verdict.kind !== 'none' || rate === null) {
    return { verdict, kinds, retryAfterMs: 0, giveBack: async () => undefined };
  }
  const { isWithin, ...counted } = await countTakeover(parts, account.id, rate);
  return { verdict: decideTakeover({ stepUp }, { ...asked, isWithinRate: isWithin }), kinds, ...counted };
}

type Withholding = Pick<Allowed, 'verdict' | 'kinds' | 'retryAfterMs'> & {
  readonly account: Account;
  readonly proof: Proof;
};

/** Asks for more, or says to wait. */
async function withheld(
  parts: Parts,
  { account, proof, verdict, kinds, retryAfterMs }: Withholding,
): Promise<DefendedOutcome> {
  parts.tell({ type: 'takeover_withheld', account, why: verdict.why });
  if (verdict.kind === 'refuse') {
    throw new Refusal('too_many_attempts', { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) });
  }
  const ticket = newLinkSecret();
  if (kinds.length > 0) {
    await keepTicket(parts, ticket, { proof, mailed: null });
    return { kind: 'step-up', ticket, kinds };
  }
  if (parts.settings.attempts !== 'off') await takeOne(parts, 'step-mails', String(account.id), STEP_MAILS);
  const code = newTypedCode();
  await keepTicket(parts, ticket, { proof, mailed: keptOfStep(ticket, code) });
  const { email: to, username } = account;
  const notice = { kind: 'confirm-sign-in', to, username, code, link: forgotLink(parts.settings) } as const;
  await parts.store.outbox.put([parts.mail(notice)]);
  parts.mailWaits();
  return { kind: 'step-up', ticket, kinds: ['mail'] };
}

/** What is remembered of a sign-in before it is answered. It stands, whether or not that can be kept. */
async function noted(
  parts: Parts,
  entry: Omit<Entry, 'opened'>,
  outcome: Exclude<Outcome, { kind: 'held' }>,
): Promise<DefendedOutcome> {
  if (outcome.kind !== 'opened') return outcome;
  try {
    await noteEntry(parts, { ...entry, opened: outcome });
  } catch (error) {
    parts.warn({ account: entry.account.id, err: error }, 'what a sign-in did to other devices could not be noted');
  }
  return outcome;
}
