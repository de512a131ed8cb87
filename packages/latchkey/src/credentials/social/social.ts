/** Somebody who is known to a provider: the credential that an account has of it, and the proof that it was shown. */
import { createHash } from 'node:crypto';
import type { AccountId, Gate } from '../../model/account.ts';
import type { Credential, NewCredential } from '../../model/credential.ts';
import type { Identity, SocialProvider } from '../../model/social.ts';
import { type Proof, prove } from '../proof.ts';

/** What is kept of it: no token, and nothing secret. */
export type KeptIdentity = {
  readonly issuer: string;
  readonly subject: string;
  /** Under which it was set up, for its name. */
  readonly provider: string;
  /** What its account's owner knows it by in lists. */
  readonly number: number;
};

/** One for each issuer and subject, whatever the provider is called here, and whoever has it. */
export function socialId({ issuer, subject }: Pick<Identity, 'issuer' | 'subject'>): string {
  const name = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url');
  return `social-${name}`;
}

/** The credential that an identity becomes, numbered after those that its account has. */
export function socialCredential(
  { id: provider }: Pick<SocialProvider, 'id'>,
  identity: Identity,
  others: readonly Credential[],
): NewCredential {
  const { issuer, subject, email, username } = identity;
  const numbers = others.filter(({ kind }) => kind === 'social').map((one) => keptIdentity(one).number);
  const kept: KeptIdentity = { issuer, subject, provider, number: Math.max(0, ...numbers) + 1 };
  const data = Buffer.from(JSON.stringify(kept));
  return { id: socialId(identity), kind: 'social', label: email === '' ? username : email, data };
}

/** An account at a provider that is known from elsewhere; `number` is its place among those of its owner. */
export function importedIdentity({ label, ...kept }: KeptIdentity & { readonly label: string }): NewCredential {
  return { id: socialId(kept), kind: 'social', label, data: Buffer.from(JSON.stringify(kept)) };
}

export function keptIdentity({ data }: Pick<Credential, 'data'>): KeptIdentity {
  return JSON.parse(Buffer.from(data).toString('utf8')) as KeptIdentity;
}

/** An identity that was shown is a proof for the account that has it. At the door it must still be there: one that is taken away meanwhile opens nothing. */
export function showIdentity(
  gate: Gate,
  credential: Pick<Credential, 'id' | 'data'> & { readonly accountId: AccountId },
  identity: Identity,
): Proof {
  const isShown = credential.id === socialId(identity) && credential.accountId === gate.accountId;
  if (!isShown) throw new TypeError('Somebody else was shown than the account has.');
  return prove(gate, 'social', { spends: [{ credential: credential.id, from: credential.data, to: credential.data }] });
}

/** Somebody who is new to the account that their address leads into. It knows them once they are in, and not before. */
export function showNewIdentity(gate: Gate, credential: NewCredential, identity: Identity): Proof {
  if (credential.id !== socialId(identity)) throw new TypeError('Somebody else was shown than is to be known.');
  return prove(gate, 'social', { spends: [{ accountId: gate.accountId, provenAt: gate.revision, adds: credential }] });
}
