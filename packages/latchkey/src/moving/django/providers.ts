/** Which provider is meant by allauth's name for it. */
import { providers as kinds } from '../../credentials/social/providers.ts';
import type { Settings } from '../../model/settings.ts';
import type { ProviderKind } from '../../model/social.ts';

/** allauth's names, where they differ. It knows Microsoft's people by another number than ID tokens have. */
const NAMES: Readonly<Record<string, ProviderKind | null>> = {
  twitter: 'x',
  twitter_oauth2: 'x',
  linkedin_oauth2: null,
  microsoft: null,
};

/** Whose subjects its people are; null where nobody here knows. What is set up here under the same name comes first. */
export function issuerOf(
  { social }: Settings,
  provider: string,
): { readonly issuer: string; readonly provider: string } | null {
  const name = Object.hasOwn(NAMES, provider) ? (NAMES[provider] ?? null) : provider;
  if (name === null) return null;
  const here = social.providers.find(({ id }) => id === name);
  if (here !== undefined) return { issuer: here.issuer, provider: here.id };
  const issuer = Object.hasOwn(kinds, name) ? kinds[name as ProviderKind].issuer : null;
  return issuer === null ? null : { issuer, provider: name };
}
