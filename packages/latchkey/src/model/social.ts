/** Providers by which people sign in, as an operator set them up. What each kind is like stands in `credentials/social/providers.ts`. */

export type ProviderKind =
  | 'google'
  | 'github'
  | 'microsoft'
  | 'apple'
  | 'facebook'
  | 'gitlab'
  | 'discord'
  | 'x'
  | 'linkedin'
  /** Any OpenID Connect issuer, by discovery. */
  | 'oidc';

/** By what we prove to a provider that it is us. */
export type ClientSecret =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  /** A key that signs a secret for a few minutes, as Apple has it. */
  | { readonly kind: 'key'; readonly teamId: string; readonly keyId: string; readonly privateKey: string };

export type ProviderEndpoints = {
  readonly authorization: string;
  readonly token: string;
  /** Below it is what tells about a person, and about a token. */
  readonly api: string;
};

export type SocialProvider = {
  /** As it stands in paths. */
  readonly id: string;
  readonly kind: ProviderKind;
  /** As people read it. */
  readonly name: string;
  readonly clientId: string;
  /** A function: so it stands in no dump of the settings. */
  readonly secret: () => ClientSecret;
  /** Clients of the same operator (an app's own) whose ID tokens count as well. */
  readonly otherClientIds: readonly string[];
  /** Whose subjects people are, exactly as its ID tokens have it; without discovery, what `iss` has to be where it is sent. */
  readonly issuer: string;
  /** null where discovery tells them. */
  readonly endpoints: ProviderEndpoints | null;
  readonly scopes: readonly string[];
  /** Where else than here a client may have had its code sent to, the usual one first. */
  readonly callbackUrls: readonly string[];
  /** Whether an address that it says is verified counts as that. */
  readonly trustsEmail: boolean;
  /** Whether an access token of a client counts of which nobody can tell for whom it was made. */
  readonly takesAnyToken: boolean;
};

export type SocialSettings = {
  readonly providers: readonly SocialProvider[];
  /** Whether who shows a verified address at a provider comes into the account that verified the same address here. */
  readonly linkByEmail: boolean;
};

/** Somebody, as a provider knows them. Issuer and subject say who it is, and nothing else does. */
export type Identity = {
  readonly issuer: string;
  /** A name that the provider never gives to anybody else. */
  readonly subject: string;
  /** `''` where the provider tells none, or none that mail can be sent to. */
  readonly email: string;
  readonly isEmailVerified: boolean;
  /** What they may like to be called, as the provider has it; `''` where it does not. */
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
};

/** The path, below the base path, at which a provider brings people back. */
export function callbackPath(providerId: string): string {
  return `/social/${providerId}/callback/`;
}

const LONGEST_NAME = 60;

/** What a new account may be called, before it is looked whether that is free: letters, digits and `. _ -` alone. */
export function usernameFor({ username, email, firstName, lastName }: Identity): string {
  const names = [username, email.split('@')[0] ?? '', `${firstName} ${lastName}`];
  const plain = names.map((name) =>
    [
      ...name
        .normalize('NFKC')
        .trim()
        .replace(/\s+/gu, '.')
        .replace(/[^\p{L}\p{N}._-]/gu, ''),
    ]
      .slice(0, LONGEST_NAME)
      .join('')
      .replace(/^[.-]+|[.-]+$/g, ''),
  );
  return plain.find((name) => name !== '') ?? 'user';
}
