/**
 * An access token that a client brings says who may read something, and not for whom it was made: one of any other app of the same
 * provider would sign its maker in as its owner. So the provider is asked, as each of them can be.
 */
import type { SocialProvider } from '../../model/social.ts';
import { claimsIn } from './claims.ts';

/** What can be asked of a provider with a token. */
export type AskedAbout = {
  readonly provider: SocialProvider;
  readonly token: string;
  /** The text of our secret; `''` where there is none. */
  readonly secret: string;
  readonly bearer: Readonly<Record<string, string>>;
  /** We, by our id and secret. */
  readonly basic: Readonly<Record<string, string>>;
  /** The token under our secret, as Facebook wants it shown. */
  readonly secretProof: Readonly<Record<string, string>>;
  /** Asks below the provider's API: by POST where a body is given. */
  readonly ask: (
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | URLSearchParams,
  ) => Promise<unknown>;
  /** Asks as RFC 7662 has it. Throws where the provider has no such endpoint. */
  readonly introspect: () => Promise<unknown>;
};

export type TokenCheck = (asked: AskedAbout) => Promise<boolean>;

/** Is it good, and of ours (RFC 7662, 2.2)? */
export async function byIntrospection(
  { clientId, otherClientIds }: SocialProvider,
  asked: Promise<unknown>,
): Promise<boolean> {
  const { active, client_id: client } = claimsIn(await asked);
  return active === true && typeof client === 'string' && [clientId, ...otherClientIds].includes(client);
}
