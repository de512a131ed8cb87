/** The hashes by scrypt: Django's, better-auth's, and Firebase's, which encrypts a key of the project with what scrypt gives. */
import { createCipheriv, scrypt } from 'node:crypto';
import { bytesOf, CEILING, isSame, LEAST_DIGEST_BYTES, type ReadHash } from './read-hash.ts';

type Cost = { readonly N: number; readonly r: number; readonly p: number };

function isAffordable({ N, r, p }: Cost): boolean {
  const isCost = N >= 2 && Number.isInteger(Math.log2(N)) && r >= 1 && p >= 1;
  return isCost && N * r <= CEILING.scryptBlocks && p <= CEILING.parallelism;
}

/** Off the event loop. */
function derive(password: string, salt: string | Buffer, bytes: number, cost: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

const SCRYPT = /^scrypt(_nfkc)?\$(\d{1,9})\$([^$]+)\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/]+=*)$/;

/** As Django writes it, and `scrypt_nfkc`, as better-auth computes it: of the password in NFKC. The salt is text. */
export function readScrypt(stored: string): ReadHash | null {
  const [, nfkc, workFactor, salt, blockSize, lanes, encoded] = SCRYPT.exec(stored) ?? [];
  if (salt === undefined || encoded === undefined) return null;
  const cost = { N: Number(workFactor), r: Number(blockSize), p: Number(lanes) };
  const right = bytesOf(encoded, LEAST_DIGEST_BYTES);
  if (!isAffordable(cost) || right === null) return null;
  const form = (password: string): string => (nfkc === undefined ? password : password.normalize('NFKC'));
  return {
    scheme: `scrypt${nfkc ?? ''}$N=${cost.N},r=${cost.r},p=${cost.p}`,
    isOurs: false,
    ...(nfkc !== undefined && { isUnknownToDjango: true as const }),
    matches: async (password) => isSame(await derive(form(password), salt, right.length, cost), right),
  };
}

const FIREBASE =
  /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3}),ss=([A-Za-z0-9+/]*=*),sk=([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)$/;

/** AES-256 takes so much of what scrypt gives, and counts from zero. */
const AES_KEY_BYTES = 32;
const AES_COUNTER = Buffer.alloc(16);

/**
 * Firebase's own, in the form that Supabase Auth keeps it in: `n` is the logarithm of the cost, `ss` the salt's separator, `sk` the
 * project's signer key. Its hash is that key, encrypted (AES-256-CTR) with what scrypt gives of the password.
 */
export function readFirebase(stored: string): ReadHash | null {
  const [, exponent, blockSize, lanes, separator, signer, salt, encoded] = FIREBASE.exec(stored) ?? [];
  if (separator === undefined || signer === undefined || salt === undefined || encoded === undefined) return null;
  const cost = { N: 2 ** Number(exponent), r: Number(blockSize), p: Number(lanes) };
  const [right, key] = [bytesOf(encoded, LEAST_DIGEST_BYTES), bytesOf(signer, LEAST_DIGEST_BYTES)];
  const [own, after] = [bytesOf(salt, 1), bytesOf(separator, 0)];
  if (!isAffordable(cost) || right === null || key === null || own === null || after === null) return null;
  if (right.length !== key.length) return null;
  return {
    scheme: `fbscrypt$n=${exponent},r=${cost.r},p=${cost.p}`,
    isOurs: false,
    isUnknownToDjango: true,
    async matches(password) {
      const derived = await derive(password, Buffer.concat([own, after]), AES_KEY_BYTES, cost);
      const cipher = createCipheriv('aes-256-ctr', derived, AES_COUNTER);
      return isSame(Buffer.concat([cipher.update(key), cipher.final()]), right);
    },
  };
}
