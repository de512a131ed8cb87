import assert from 'node:assert/strict';
import { linkIn } from 'latchkey/testing';

type Readable = { readonly text: string } | undefined;

/** The code that a mail says. */
export function codeIn(mail: Readable): string {
  return /^[A-Z2-9]{4}-[A-Z2-9]{4}$/m.exec(mail?.text ?? '')?.[0] ?? assert.fail(`There is no code in ${mail?.text}`);
}

/** What the link of a mail carries. */
export function tokenIn(mail: Parameters<typeof linkIn>[0]): string {
  return new URL(linkIn(mail)).pathname.split('/').at(-2) ?? '';
}
