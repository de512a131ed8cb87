/** By what somebody who is signed in shows once more who they are, and where their password alone does not do. */
import type { Credential } from '../model/credential.ts';
import { isDemanded, type StepUp, stepUpBy } from '../model/second-step.ts';
import type { AccountRecord } from '../stores/store.ts';
import { ownRecord } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type Asking, requireFresh } from './require-fresh.ts';

/** What an account is asked for, and what it has. */
export async function stepUpOf(
  parts: Parts,
  { account, passwordHash }: AccountRecord,
): Promise<{ readonly stepUp: StepUp; readonly credentials: readonly Credential[] }> {
  const { credentials } = await parts.store.credentials.list(account.id);
  const has = { kinds: credentials.map(({ kind }) => kind), hasPassword: passwordHash !== null };
  const stepUp = stepUpBy({ ...has, isDemanded: isDemanded(parts.settings.secondStep, account.roles) });
  return { stepUp, credentials };
}

/** For what a password may be given for instead: throws `reauthentication_required` where it is not enough, and the session is not fresh. */
export async function requireStepUp(parts: Parts, record: AccountRecord, asking: Asking): Promise<void> {
  const { stepUp } = await stepUpOf(parts, record);
  if (!stepUp.kinds.includes('password')) await requireFresh(parts, asking);
}

/** The same, before there is a form to fill in. */
export async function requireStepUpOf(parts: Parts, asking: Asking): Promise<void> {
  await requireStepUp(parts, await ownRecord(parts, asking.session.accountId), asking);
}
