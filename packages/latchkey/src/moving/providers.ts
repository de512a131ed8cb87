/** Which provider is meant by another system's name for it. */
import { providers as kinds } from '../credentials/social/providers.ts';
import type { Settings } from '../model/settings.ts';
import type { ProviderKind } from '../model/social.ts';

/** Names that are others there, and those whose people are known there by another number than here: null. */
export type ProviderNames = Readonly<Record<string, ProviderKind | null>>;

/** Whose subjects its people are; null where nobody here knows. What is set up here under the same name comes first. */
export function issuerOf(
  { social }: Settings,
  provider: string,
  names: ProviderNames,
): { readonly issuer: string; readonly provider: string } | null {
  const name = Object.hasOwn(names, provider) ? (names[provider] ?? null) : provider;
  if (name === null) return null;
  const here = social.providers.find(({ id }) => id === name);
  if (here !== undefined) return { issuer: here.issuer, provider: here.id };
  const issuer = Object.hasOwn(kinds, name) ? kinds[name as ProviderKind].issuer : null;
  return issuer === null ? null : { issuer, provider: name };
}
