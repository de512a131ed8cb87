/** Passkeys (WebAuthn, Level 3): a key pair of which an authenticator keeps the private half, and signs what it is asked to. */
import { createPublicKey, hash, type KeyObject, randomBytes } from 'node:crypto';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { AccountId, Gate } from '../model/account.ts';
import type { Credential, NewCredential } from '../model/credential.ts';
import type { CredentialUse, OnceRef } from '../model/once.ts';
import { isOneItem } from './cbor.ts';
import { type Proof, prove } from './proof.ts';

/** Who asks an authenticator: the domain that passkeys are made for, and the origins that may use them. */
export type RelyingParty = { readonly rpId: string; readonly origins: readonly string[] };

/** A signed-in person, as an authenticator shows them. */
export type PasskeyOwner = { readonly id: AccountId; readonly username: string };

/** As its owner sees it. */
export type Passkey = {
  /** The credential's id in base64url, by which authenticators know it. */
  readonly id: string;
  readonly name: string;
  readonly transports: readonly string[];
  /** Whether it is on all of its owner's devices, rather than on one. */
  readonly isSynced: boolean;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
};

/** What is kept. Nothing of it is secret. */
type Kept = {
  /** As COSE (RFC 9052), in base64url. It names its algorithm. */
  readonly publicKey: string;
  /** Of signatures; 0 with authenticators that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** Fixed when it was made. */
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
};

/** EdDSA, ES256 and RS256, by their COSE numbers. */
const ALGORITHMS: readonly number[] = [-8, -7, -257];

export const CHALLENGE_MS = 5 * 60_000;

/** WebAuthn, 5.8.3: an authenticator makes none longer. */
const LONGEST_ID = 1_364;

/** 256 random bits, in base64url. */
export function newChallenge(): string {
  return randomBytes(32).toString('base64url');
}

/** The row of a passkey. The prefix keeps ids that a client chose apart from those of other kinds. */
export function passkeyId(id: string): string {
  return `passkey-${id}`;
}

/** An account as authenticators know it: the same for all of its passkeys, and nothing that names its owner. */
export function userHandle(rpId: string, accountId: AccountId): string {
  return Buffer.from(hash('sha256', `passkey user\n${rpId}\n${accountId}`, 'buffer')).toString('base64url');
}

export function passkeysAmong(credentials: readonly Credential[]): readonly Passkey[] {
  return credentials.filter(({ kind }) => kind === 'passkey').map(passkeyOf);
}

export function passkeyOf({ id, label, data, createdAt, lastUsedAt }: Credential): Passkey {
  const { transports, isBackedUp } = keptIn(data);
  return { id: id.slice(passkeyId('').length), name: label, transports, isSynced: isBackedUp, createdAt, lastUsedAt };
}

/** What a browser takes as `PublicKeyCredentialCreationOptionsJSON`. */
export type CreationOptions = Readonly<Record<string, unknown>>;

/** A passkey that its owner need not name first, and none where the authenticator has one of the account already. */
export function creationOptions(
  { rpId }: RelyingParty,
  owner: PasskeyOwner,
  { challenge, has, site }: { readonly challenge: string; readonly has: readonly Passkey[]; readonly site: string },
): CreationOptions {
  return {
    rp: { name: site, id: rpId },
    user: { id: userHandle(rpId, owner.id), name: owner.username, displayName: owner.username },
    challenge,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_MS,
    excludeCredentials: has.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
    attestation: 'none',
    extensions: { credProps: true },
  };
}

/** What a browser takes as `PublicKeyCredentialRequestOptionsJSON`. Where `of` is empty, any of the domain's passkeys will do. */
export type RequestOptions = {
  readonly challenge: string;
  readonly timeout: number;
  readonly rpId: string;
  readonly allowCredentials: readonly object[];
  readonly userVerification: 'preferred' | 'required';
};

export function requestOptions(
  { rpId }: RelyingParty,
  challenge: string,
  { of = [], isVerified = false }: { readonly of?: readonly Passkey[]; readonly isVerified?: boolean } = {},
): RequestOptions {
  const allowCredentials = of.map(descriptorOf);
  const userVerification = isVerified ? 'required' : 'preferred';
  return { challenge, timeout: CHALLENGE_MS, rpId, allowCredentials, userVerification };
}

function descriptorOf({ id, transports }: Passkey): object {
  return { id, type: 'public-key', transports };
}

/** What a browser made of options, as far as it has to be looked at before anything is verified. */
export type Presented = {
  readonly id: string;
  /** The challenge that it says it answers. */
  readonly challenge: string;
  readonly json: Readonly<Record<string, unknown>>;
};

/** Reads what a client sent as a credential (`PublicKeyCredential.toJSON()`); null for what cannot be one. */
export function presentedIn(text: string): Presented | null {
  const json = objectIn(text);
  const response = json?.['response'];
  if (json === null || !isObject(response)) return null;
  const { id, rawId, type } = json;
  if (!isBase64Url(id) || id.length > LONGEST_ID || id !== rawId || type !== 'public-key') return null;
  const clientData = response['clientDataJSON'];
  if (!isBase64Url(clientData)) return null;
  const said = objectIn(Buffer.from(clientData, 'base64url').toString('utf8'));
  // What is framed by somebody else's page is asked for by them.
  if (said === null || (said['crossOrigin'] ?? false) !== false || said['topOrigin'] !== undefined) return null;
  const { challenge } = said;
  return isBase64Url(challenge) ? { id, challenge, json } : null;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBase64Url(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

/** A new passkey by what an authenticator answered to `creationOptions`; null where that is not right in any way. */
export async function enrolPasskey(
  { rpId, origins }: RelyingParty,
  { presented, label }: { readonly presented: Presented; readonly label: string },
): Promise<NewCredential | null> {
  const [{ verifyRegistrationResponse }, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  return await orNull(async () => {
    const response = presented.json as unknown as RegistrationResponseJSON;
    const attested = Buffer.from(response.response.attestationObject, 'base64url');
    if (!isOneItem(attested)) return null;
    const decoded = helpers.decodeAttestationObject(attested);
    if (!isUnattested(decoded.get('fmt'), decoded.get('attStmt'))) return null;
    const { credentialPublicKey } = helpers.parseAuthenticatorData(decoded.get('authData'));
    // Before anything is verified with it: a key can be made so that this takes long.
    if (credentialPublicKey === undefined || !isSound(helpers.decodeCredentialPublicKey(credentialPublicKey)))
      return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      ...{ response, expectedChallenge: presented.challenge, expectedOrigin: [...origins], expectedRPID: rpId },
      ...{ requireUserVerification: false, supportedAlgorithmIDs: [...ALGORITHMS] },
    });
    if (!verified || registrationInfo === undefined || registrationInfo.credential.id !== presented.id) return null;
    const { credential, credentialDeviceType, credentialBackedUp } = registrationInfo;
    const data = dataOf({
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: transportsIn(response.response.transports),
      isBackupEligible: credentialDeviceType === 'multiDevice',
      isBackedUp: credentialBackedUp,
    });
    return { id: passkeyId(presented.id), kind: 'passkey', label, data };
  });
}

/** Nobody asked who made the authenticator: what parses the certificates of strangers, and asks servers that they name, has no work. */
function isUnattested(format: unknown, statement: { readonly get: (name: 'x5c') => unknown }): boolean {
  return format === 'none' || (format === 'packed' && statement.get('x5c') === undefined);
}

const TRANSPORTS = ['usb', 'nfc', 'ble', 'smart-card', 'cable', 'hybrid', 'internal'];

function transportsIn(given: unknown): readonly string[] {
  return Array.isArray(given) ? TRANSPORTS.filter((known) => given.includes(known)) : [];
}

export type PasskeyShown = {
  readonly use: CredentialUse;
  /** Whether its holder was verified by the authenticator, such as by a PIN or a finger, and not only somebody was there. */
  readonly isVerified: boolean;
};

/**
 * The use that an authenticator's answer to `requestOptions` amounts to; null where that is not right in any way: another's
 * challenge, origin or domain, a wrong signature, a counter that has not grown, or a passkey that is not what it was.
 */
export async function showPasskey(
  { rpId, origins }: RelyingParty,
  { id, accountId, data }: Credential,
  { presented, isNamed }: { readonly presented: Presented; readonly isNamed: boolean },
): Promise<PasskeyShown | null> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  if (id !== passkeyId(presented.id)) return null;
  const kept = keptIn(data);
  return await orNull(async () => {
    const response = presented.json as unknown as AuthenticationResponseJSON;
    const { userHandle: handle } = response.response;
    const mayMiss = isNamed && handle == null;
    if (!mayMiss && handle !== userHandle(rpId, accountId)) return null;
    const publicKey = Buffer.from(kept.publicKey, 'base64url');
    const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
      ...{ response, expectedChallenge: presented.challenge, expectedOrigin: [...origins], expectedRPID: rpId },
      credential: { id: presented.id, publicKey, counter: kept.counter },
      requireUserVerification: false,
    });
    if (!verified || kept.isBackupEligible !== (info.credentialDeviceType === 'multiDevice')) return null;
    const to = dataOf({ ...kept, counter: info.newCounter, isBackedUp: info.credentialBackedUp });
    return { use: { credential: id, from: data, to }, isVerified: info.userVerified };
  });
}

/** Whoever was verified has shown two things at once. The challenge is used up with it. */
export function provePasskey(gate: Gate, { use, isVerified }: PasskeyShown, challenge: OnceRef): Proof {
  return prove(gate, 'passkey', { isWhole: isVerified, spends: [challenge, use] });
}

/** What the library throws is what is wrong with what a client sent. */
async function orNull<Done>(work: () => Promise<Done | null>): Promise<Done | null> {
  try {
    return await work();
  } catch {
    return null;
  }
}

function keptIn(data: Uint8Array): Kept {
  return JSON.parse(new TextDecoder().decode(data)) as Kept;
}

function dataOf(kept: Kept): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(kept));
}

/** Labels of a COSE key (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4). */
const LABEL = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1, e: -2 } as const;

type CoseKey = { readonly get: (label: never) => unknown };

/** Is it a key of an algorithm that was asked for, and one that a signature says something with? Throws where it is none at all. */
function isSound(cose: CoseKey): boolean {
  const read = (label: number): unknown => cose.get(label as never);
  const text = (label: number): string => Buffer.from(read(label) as Uint8Array).toString('base64url');
  const key = (jwk: Readonly<Record<string, string>>): KeyObject => createPublicKey({ format: 'jwk', key: jwk });
  switch (`${read(LABEL.alg)} ${read(LABEL.kty)}`) {
    case '-7 2':
      // A point that is not on the curve is no key.
      return read(LABEL.crv) === 1 && key({ kty: 'EC', crv: 'P-256', x: text(LABEL.x), y: text(LABEL.y) }) !== null;
    case '-8 1':
      return read(LABEL.crv) === 6 && !isOfSmallOrder(read(LABEL.x) as Uint8Array);
    case '-257 3': {
      const { modulusLength = 0, publicExponent = 0n } =
        key({ kty: 'RSA', n: text(LABEL.n), e: text(LABEL.e) }).asymmetricKeyDetails ?? {};
      return modulusLength >= 2048 && modulusLength <= 4096 && publicExponent >= 3n && publicExponent < 2n ** 32n;
    }
    default:
      return false;
  }
}

/** The points of Ed25519 under which a signature of anything can be made up, without their sign, in every way to write them. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

function isOfSmallOrder(x: Uint8Array): boolean {
  if (x.length !== 32) return true;
  const point = Buffer.from(x);
  point[31] = (point[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(point.toString('hex'));
}
