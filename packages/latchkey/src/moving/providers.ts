/** Which provider is meant by another system's name for it. */
import { providers as kinds } from '../credentials/social/providers.ts';
import type { Settings } from '../model/settings.ts';
import type { ProviderKind } from '../model/social.ts';
import { UnusableSource } from './sources/rows.ts';

/**
 * What names mean there, where they are others than here: those whose people are known there by another number, null; and those of a
 * server that may be one's own, whose people have the numbers of others elsewhere.
 */
export type ProviderNames = Readonly<Record<string, ProviderKind | 'self-hosted' | { readonly issuer: string } | null>>;

export type KnownProvider = { readonly issuer: string; readonly provider: string };

/** The names of a source, with the issuers that a mapping file names. Who is known there by another number still is. */
export function namesWith(names: ProviderNames, issuers: Readonly<Record<string, string>> = {}): ProviderNames {
  const named = Object.entries(issuers).filter(([name]) => !Object.hasOwn(names, name) || names[name] !== null);
  return { ...names, ...Object.fromEntries(named.map(([name, issuer]) => [name, { issuer }])) };
}

/** An issuer that was spelled otherwise would let nobody in, and nobody would be told. @throws UnusableSource */
export function refuseUnknownIssuers(settings: Settings, names: ProviderNames): void {
  for (const [name, meant] of Object.entries(names)) {
    if (typeof meant !== 'object' || meant === null || byIssuer(settings, meant.issuer) !== null) continue;
    throw new UnusableSource(
      `The mapping names ${meant.issuer} for ${name}: that is not the issuer of a provider that is set up here (LATCHKEY_SOCIAL_PROVIDERS) or known, such as ${kinds.gitlab.issuer} or ${kinds.github.issuer}.`,
    );
  }
}

/** Whose subjects its people are, or why nobody here knows. What is set up here under the same name comes first. */
export function issuerOf(
  settings: Settings,
  provider: string,
  names: ProviderNames,
): KnownProvider | 'provider_unknown' | 'provider_self_hosted' {
  const meant = Object.hasOwn(names, provider) ? (names[provider] ?? null) : provider;
  if (meant === null) return 'provider_unknown';
  if (typeof meant === 'object') return byIssuer(settings, meant.issuer) ?? 'provider_unknown';
  if (meant === 'self-hosted') return 'provider_self_hosted';
  const here = settings.social.providers.find(({ id }) => id === meant);
  if (here !== undefined) return { issuer: here.issuer, provider: here.id };
  const issuer = Object.hasOwn(kinds, meant) ? kinds[meant as ProviderKind].issuer : null;
  return issuer === null ? 'provider_unknown' : { issuer, provider: meant };
}

function byIssuer({ social }: Settings, issuer: string): KnownProvider | null {
  const here = social.providers.find((one) => one.issuer === issuer);
  const provider = here?.id ?? Object.entries(kinds).find(([, kind]) => kind.issuer === issuer)?.[0];
  return provider === undefined ? null : { issuer, provider };
}
