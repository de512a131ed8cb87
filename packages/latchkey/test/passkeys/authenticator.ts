/** An authenticator and the browser around it, written from the specification (WebAuthn, Level 3) and apart from the server's library. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

export type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<Cbor, Cbor>;

/** RFC 8949, as far as it is needed here. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Cbor, Cbor>)].flatMap(([name, member]) => [cbor(name), cbor(member)]);
    return Buffer.concat([head(5, pairs.length / 2), ...pairs]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map(cbor)]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
}

export type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

export function newKeys(algorithm: Algorithm): KeyPair {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** A public key as COSE (RFC 9053, RFC 8230), with some of its members changed. */
export function coseOf(
  { publicKey }: Pick<KeyPair, 'publicKey'>,
  algorithm: Algorithm,
  changed: ReadonlyMap<number, Cbor> = new Map(),
): Buffer {
  const jwk = publicKey.export({ format: 'jwk' });
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  const members: Readonly<Record<Algorithm, readonly (readonly [number, Cbor])[]>> = {
    ES256: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(jwk.x)],
      [-3, bytes(jwk.y)],
    ],
    EdDSA: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(jwk.x)],
    ],
    RS256: [
      [1, 3],
      [3, -257],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)],
    ],
  };
  return cbor(new Map<Cbor, Cbor>([...members[algorithm], ...changed]));
}

export type Attestation = { readonly fmt: string; readonly attStmt: ReadonlyMap<Cbor, Cbor> };

/** What may be other than it should. */
export type Twist = {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly clientData?: Readonly<Record<string, unknown>>;
  readonly isPresent?: boolean;
  readonly isVerified?: boolean;
  readonly isBackupEligible?: boolean;
  readonly isBackedUp?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | null;
  /** The public key in the place of its own. */
  readonly cose?: Uint8Array;
  /** What signs in the place of its own key. */
  readonly keys?: KeyPair;
  readonly id?: Uint8Array;
  /** The id beside what it says, where that has another. */
  readonly besideId?: Uint8Array;
  /** The whole attestation object. */
  readonly attestationObject?: Uint8Array;
  /** What is said of its making, by what a statement signs. */
  readonly attest?: (signed: Uint8Array, own: KeyPair) => Attestation;
};

export type Options = Readonly<Record<string, unknown>>;

export type Json = Readonly<Record<string, unknown>>;

const PRESENT = 0x01;
const VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const ATTESTED = 0x40;

export class Authenticator {
  readonly origin: string;
  readonly algorithm: Algorithm;
  readonly keys: KeyPair;
  readonly id = randomBytes(32);
  /** How often it has signed; null where it does not count. */
  counter: number | null;
  readonly isVerified: boolean;
  readonly isSynced: boolean;
  /** Whose it is, once it was registered. */
  userHandle = '';

  constructor(
    given: {
      readonly origin?: string;
      readonly algorithm?: Algorithm;
      readonly counts?: boolean;
      readonly isVerified?: boolean;
      readonly isSynced?: boolean;
    } = {},
  ) {
    this.origin = given.origin ?? 'http://127.0.0.1:8787';
    this.algorithm = given.algorithm ?? 'ES256';
    this.keys = newKeys(this.algorithm);
    this.counter = given.counts === false ? null : 0;
    this.isVerified = given.isVerified ?? true;
    this.isSynced = given.isSynced ?? false;
  }

  /** In base64url, as it is known. */
  get credentialId(): string {
    return this.id.toString('base64url');
  }

  /** Answers creation options, as `PublicKeyCredential.toJSON()` has it. */
  create(options: Options, twist: Twist = {}): Json {
    const { id: rpId } = options['rp'] as { readonly id: string };
    const { id: handle } = options['user'] as { readonly id: string };
    this.userHandle = handle;
    const id = twist.id ?? this.id;
    const clientData = this.#clientData('webauthn.create', options, twist);
    const length = Buffer.from([id.length >> 8, id.length & 255]);
    const cose = twist.cose ?? coseOf(this.keys, this.algorithm);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, cose]);
    const authData = Buffer.concat([this.#data(twist.rpId ?? rpId, ATTESTED, twist), attested]);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    const { fmt, attStmt } = twist.attest?.(signed, this.keys) ?? { fmt: 'none', attStmt: new Map() };
    const attestationObject =
      twist.attestationObject ??
      cbor(
        new Map<Cbor, Cbor>([
          ['fmt', fmt],
          ['attStmt', attStmt],
          ['authData', authData],
        ]),
      );
    return this.#credential(twist.besideId ?? id, {
      clientDataJSON: clientData.toString('base64url'),
      attestationObject: Buffer.from(attestationObject).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** Answers request options. */
  get(options: Options, twist: Twist = {}): Json {
    const clientData = this.#clientData('webauthn.get', options, twist);
    const authData = this.#data(twist.rpId ?? String(options['rpId']), 0, twist);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    const { privateKey } = twist.keys ?? this.keys;
    const signature = sign(this.algorithm === 'EdDSA' ? null : 'sha256', signed, privateKey);
    const handle = twist.userHandle === undefined ? this.userHandle : twist.userHandle;
    return this.#credential(twist.id ?? this.id, {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      ...(handle !== null && { userHandle: handle }),
    });
  }

  #clientData(type: string, options: Options, twist: Twist): Buffer {
    const challenge = twist.challenge ?? options['challenge'];
    const origin = twist.origin ?? this.origin;
    return Buffer.from(
      JSON.stringify({ type: twist.type ?? type, challenge, origin, crossOrigin: false, ...twist.clientData }),
    );
  }

  #data(rpId: string, more: number, twist: Twist): Buffer {
    if (this.counter !== null) this.counter++;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(twist.counter ?? this.counter ?? 0);
    const flags =
      more |
      ((twist.isPresent ?? true) ? PRESENT : 0) |
      ((twist.isVerified ?? this.isVerified) ? VERIFIED : 0) |
      ((twist.isBackupEligible ?? this.isSynced) ? BACKUP_ELIGIBLE : 0) |
      ((twist.isBackedUp ?? this.isSynced) ? BACKED_UP : 0);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), counter]);
  }

  #credential(id: Uint8Array, response: Json): Json {
    const name = Buffer.from(id).toString('base64url');
    const about = { authenticatorAttachment: 'platform', clientExtensionResults: {}, type: 'public-key' };
    return { id: name, rawId: name, response, ...about };
  }
}
