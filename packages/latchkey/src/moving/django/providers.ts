import type { ProviderNames } from '../providers.ts';

/**
 * allauth's names, where they differ. It knows Microsoft's people by another number than ID tokens have, and calls a GitLab or GitHub
 * of one's own (`GITLAB_URL`, `GITHUB_URL`) as it calls the public one.
 */
export const PROVIDERS: ProviderNames = {
  twitter: 'x',
  twitter_oauth2: 'x',
  linkedin_oauth2: null,
  microsoft: null,
  gitlab: 'self-hosted',
  github: 'self-hosted',
};
