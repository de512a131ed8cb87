import type { Parts } from '../flows/parts.ts';
import type { Binding } from '../model/binding.ts';
import { Refusal } from '../model/reasons.ts';
import { credential as texts } from '../texts/api.ts';
import { pathOf } from './authenticate.ts';

/**
 * The key that whoever asks to come in shows by a proof (RFC 9449, 5), for the session to be bound to; null where they show none and
 * need not. Throws `invalid_dpop_proof` and `use_dpop_nonce`. Looked at before anything costly is, as a proof alone gives nothing.
 */
export async function keyShownAtSignIn(
  { settings, keyProofs }: Pick<Parts, 'settings' | 'keyProofs'>,
  { headers, method, url }: Request,
): Promise<Binding | null> {
  const { policy } = settings.boundKeys;
  if (policy === 'off' || !settings.wire.key) return null;
  const proof = headers.get('dpop');
  if (proof === null && policy === 'optional') return null;
  const outcome = await keyProofs.atSignIn({ proof, method, path: pathOf(url) });
  if (outcome.isGood) return { kind: 'dpop', thumbprint: outcome.thumbprint };
  const { nonce } = outcome;
  if (nonce !== null) throw new Refusal('use_dpop_nonce', { nonce });
  throw new Refusal('invalid_dpop_proof', proof === null ? { message: texts.proofNeeded } : {});
}
