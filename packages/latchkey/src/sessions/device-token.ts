import { randomBase62 } from '../crypto/base62.ts';
import type { Keys } from '../crypto/keys.ts';
import type { AccountId } from '../model/account.ts';

/**
 * How a device says that it was here before: an id that this server made up for one account, and its signature. It is never
 * derived from what a client says of itself, opens nothing, and is worth a place only together with a proof.
 */
const DEVICE_TOKEN = /^ld_([0-9A-Za-z]{22})_(\d{1,15})_([\w-]{43})$/;

/** A device that an account knows, and the account's revision when it last proved who held it. */
export type KnownDevice = { readonly id: string; readonly revision: number };

/** A browser may carry one for each of its accounts; as many are looked at. */
const MOST_TOKENS = 5;

const SEPARATOR = '.';

export function newDeviceId(): string {
  return randomBase62(22);
}

export function deviceTokenFor(keys: Keys, accountId: AccountId, { id, revision }: KnownDevice): string {
  return `ld_${id}_${revision}_${keys.sign('device', `${accountId} ${id} ${revision}`)}`;
}

/** This account's device among the tokens that a client sent, or null. */
export function readDeviceTokens(keys: Keys, accountId: AccountId, sent: string | null): KnownDevice | null {
  for (const token of (sent ?? '').split(SEPARATOR).slice(0, MOST_TOKENS)) {
    const [, id, revision, signature] = DEVICE_TOKEN.exec(token.trim()) ?? [];
    if (id === undefined || revision === undefined || signature === undefined) continue;
    if (keys.isSignature('device', `${accountId} ${id} ${revision}`, signature))
      return { id, revision: Number(revision) };
  }
  return null;
}

/** What a browser is to carry from now on: the new token before those of its other accounts. */
export function rememberedTokens(sent: string | null, token: string): string {
  const others = (sent ?? '').split(SEPARATOR).filter((other) => DEVICE_TOKEN.test(other) && other !== token);
  return [token, ...others].slice(0, MOST_TOKENS).join(SEPARATOR);
}
