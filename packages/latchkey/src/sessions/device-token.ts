import { randomBase62 } from '../crypto/base62.ts';
import type { Keys } from '../crypto/keys.ts';
import type { AccountId } from '../model/account.ts';

/**
 * How a device says that it was here before: an id that this server made up for one account, and its signature. It is never
 * derived from what a client says of itself, opens nothing, and is worth a place only together with a proof.
 */
const DEVICE_TOKEN = /^ld_([0-9A-Za-z]{22})_([\w-]{43})$/;

/** A browser may carry one for each of its accounts; as many are looked at. */
const MOST_TOKENS = 5;

const SEPARATOR = '.';

export function newDeviceId(): string {
  return randomBase62(22);
}

export function deviceTokenFor(keys: Keys, accountId: AccountId, deviceId: string): string {
  return `ld_${deviceId}_${keys.sign('device', `${accountId} ${deviceId}`)}`;
}

/** The id of this account's device among the tokens that a client sent, or null. */
export function readDeviceTokens(keys: Keys, accountId: AccountId, sent: string | null): string | null {
  for (const token of (sent ?? '').split(SEPARATOR).slice(0, MOST_TOKENS)) {
    const [, deviceId, signature] = DEVICE_TOKEN.exec(token.trim()) ?? [];
    if (deviceId === undefined || signature === undefined) continue;
    if (keys.isSignature('device', `${accountId} ${deviceId}`, signature)) return deviceId;
  }
  return null;
}

/** What a browser is to carry from now on: the new token before those of its other accounts. */
export function rememberedTokens(sent: string | null, token: string): string {
  const others = (sent ?? '').split(SEPARATOR).filter((other) => DEVICE_TOKEN.test(other) && other !== token);
  return [token, ...others].slice(0, MOST_TOKENS).join(SEPARATOR);
}
