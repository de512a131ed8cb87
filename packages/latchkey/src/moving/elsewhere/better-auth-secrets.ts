/** What better-auth seals with the application's secret: the secrets of authenticator apps, and the codes that stand in for them. */
import { createHash } from 'node:crypto';
import { openXChaCha } from '../../crypto/xchacha.ts';

/** Opens a sealed text; null for one that does not open. */
export type OpenText = (sealed: string) => string | null;

/** With several secrets it writes `$ba$` and the number of the one before the sealed text. */
const SEALED = /^(?:\$ba\$\d+\$)?((?:[0-9a-f]{2})+)$/;

/** `secret` is its `BETTER_AUTH_SECRET`; without it nothing opens. */
export function openTextWith(secret: string | undefined): OpenText {
  if (secret === undefined || secret === '') return () => null;
  const key = createHash('sha256').update(secret).digest();
  return (sealed) => {
    const [, hex] = SEALED.exec(sealed) ?? [];
    return hex === undefined ? null : (openXChaCha(key, Buffer.from(hex, 'hex'))?.toString('utf8') ?? null);
  };
}
