/** What an account is known by at providers: its owner connects it, sees it, and takes it away. */
import { keptIdentity, socialCredential, socialId } from '../credentials/social/social.ts';
import type { AccountId } from '../model/account.ts';
import type { Credential } from '../model/credential.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { Identity, SocialProvider } from '../model/social.ts';
import { social as texts } from '../texts/api.ts';
import { noticeTo, ownRecord, tellEnded } from './own-account.ts';
import type { Parts } from './parts.ts';
import { type Asking, requireFresh } from './require-fresh.ts';
import { unlessOver } from './unless-over.ts';

/** Times are milliseconds since 1970. */
export type Connection = {
  /** What its owner knows it by; never another's of the same account. */
  readonly number: number;
  readonly providerId: string;
  readonly providerName: string;
  /** How the provider names the person for good. */
  readonly subject: string;
  /** Their address or name there, as it was when it was connected. */
  readonly label: string;
  readonly connectedAt: number;
  readonly lastUsedAt: number | null;
};

export async function connectionsOf(parts: Parts, accountId: AccountId): Promise<readonly Connection[]> {
  return (await numbered(parts, accountId)).map(({ connection }) => connection);
}

type Numbered = { readonly connection: Connection; readonly credential: Credential };

/** Two that were connected at the same instant have one number: the later one then has the next that is free. */
async function numbered(parts: Parts, accountId: AccountId): Promise<readonly Numbered[]> {
  const { credentials } = await parts.store.credentials.list(accountId);
  const taken = new Set<number>();
  return credentials
    .filter(({ kind }) => kind === 'social')
    .map((credential) => ({ credential, kept: keptIdentity(credential) }))
    .toSorted((one, other) => one.kept.number - other.kept.number)
    .map(({ credential, kept }) => {
      let { number } = kept;
      while (taken.has(number)) number++;
      taken.add(number);
      const provider = parts.settings.social.providers.find(({ id }) => id === kept.provider);
      const connection = {
        number,
        providerId: kept.provider,
        providerName: provider?.name ?? kept.provider,
        subject: kept.subject,
        label: credential.label,
        connectedAt: credential.createdAt,
        lastUsedAt: credential.lastUsedAt,
      };
      return { connection, credential };
    });
}

type Shown = { readonly provider: SocialProvider; readonly identity: Identity };

/**
 * Connects who somebody is at a provider to their account, by what their client brings. Throws `reauthentication_required`, and
 * `invalid_input` where it is somebody else's.
 */
export async function connectBrought(parts: Parts, { session, now }: Asking, shown: Shown): Promise<Connection> {
  await requireFresh(parts, { session, now });
  return await connectReturned(parts, session, shown);
}

/** The same for somebody who was sent there, and was asked before: at a provider ten minutes may pass. */
export async function connectReturned(
  parts: Parts,
  session: Session,
  { provider, identity }: Shown,
): Promise<Connection> {
  const { accountId } = session;
  const { account } = await ownRecord(parts, accountId);
  const { credentials } = await parts.store.credentials.list(accountId);
  if (!credentials.some(({ id }) => id === socialId(identity))) {
    const adding = parts.store.credentials.add({
      ...{ accountId, by: session, provenAt: null, credentials: [socialCredential(provider, identity, credentials)] },
      ...{ replaces: [], voids: false, kept: session.id },
      outbox: noticeTo(parts, account, { kind: 'social-connected', provider: provider.name }),
    });
    const added = unlessOver(await adding);
    if (added === null) throw new Refusal('account_disabled');
    if ('refused' in added) throw invalidInput({ non_field_errors: [texts.ofAnother] });
    parts.mailWaits();
  }
  const all = await numbered(parts, accountId);
  const connected = all.find(({ credential }) => credential.id === socialId(identity));
  if (connected === undefined) throw new Refusal('account_disabled');
  return connected.connection;
}

/**
 * Takes a connection away, and signs every other device out. Throws `not_found`, `reauthentication_required`, and `invalid_input`
 * where its owner could not come in any more.
 */
export async function disconnectProvider(parts: Parts, { session, now }: Asking, number: number): Promise<void> {
  const { accountId } = session;
  const found = (await numbered(parts, accountId)).find(({ connection }) => connection.number === number);
  if (found === undefined) throw new Refusal('not_found');
  await requireFresh(parts, { session, now });
  const { account } = await ownRecord(parts, accountId);
  const done = unlessOver(
    await parts.store.credentials.remove({
      ...{ accountId, by: session, ids: [found.credential.id], use: null, kept: session.id },
      outbox: noticeTo(parts, account, { kind: 'social-disconnected', provider: found.connection.providerName }),
    }),
  );
  if (done === null) throw new Refusal('not_found');
  if ('refused' in done) throw invalidInput({ non_field_errors: [texts.lastWayIn] });
  tellEnded(parts, accountId, done);
}
