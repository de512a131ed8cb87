import type { ProviderNames } from '../providers.ts';

/** allauth's names, where they differ. It knows Microsoft's people by another number than ID tokens have. */
export const PROVIDERS: ProviderNames = {
  twitter: 'x',
  twitter_oauth2: 'x',
  linkedin_oauth2: null,
  microsoft: null,
};
