/** XChaCha20-Poly1305 by the vectors of its draft. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { hchacha20, openXChaCha } from '../../src/crypto/xchacha.ts';

const bytes = (first: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, at) => first + at));

/** Appendix A.3.1 of draft-irtf-cfrg-xchacha-03. */
const [KEY, NONCE, ASSOCIATED] = [bytes(0x80, 32), bytes(0x40, 24), Buffer.from('50515253c0c1c2c3c4c5c6c7', 'hex')];
const PLAIN =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const CIPHER =
  'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e';
const TAG = 'c0875924c1c7987947deafd8780acf49';

function sealedBy(associated: Buffer): { readonly cipher: string; readonly tag: Buffer } {
  const short = Buffer.concat([Buffer.alloc(4), NONCE.subarray(16)]);
  const cipher = createCipheriv('chacha20-poly1305', hchacha20(KEY, NONCE), short, { authTagLength: 16 });
  cipher.setAAD(associated, { plaintextLength: Buffer.byteLength(PLAIN) });
  const text = Buffer.concat([cipher.update(PLAIN), cipher.final()]).toString('hex');
  return { cipher: text, tag: cipher.getAuthTag() };
}

describe('XChaCha20-Poly1305', () => {
  test('makes the key, the text and the tag of the draft', () => {
    const nonce = Buffer.from('000000090000004a0000000031415927', 'hex');
    assert.equal(
      hchacha20(bytes(0, 32), nonce).toString('hex'),
      '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc',
    );
    const { cipher, tag } = sealedBy(ASSOCIATED);
    assert.deepEqual([cipher, tag.toString('hex')], [CIPHER, TAG]);
  });

  test('opens what was sealed, and nothing that was changed', () => {
    const sealed = Buffer.concat([NONCE, Buffer.from(CIPHER, 'hex'), sealedBy(Buffer.alloc(0)).tag]);
    assert.equal(openXChaCha(KEY, sealed)?.toString(), PLAIN);
    for (const at of [0, 23, 24, 60, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(openXChaCha(KEY, changed), null, `${at}`);
    }
    assert.equal(openXChaCha(KEY, sealed.subarray(0, 39)), null);
    assert.equal(openXChaCha(bytes(0, 32), sealed), null);
  });
});
