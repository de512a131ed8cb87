/** `Accept-Language` (RFC 9110, 12.5.4), as browsers send it and as nobody should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LANGUAGES, languageFor } from '../../src/texts/reader.ts';

const CASES: readonly (readonly [header: string | null, language: string])[] = [
  [null, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['de', 'de'],
  ['DE', 'de'],
  ['de-AT', 'de'],
  ['pt-BR', 'pt'],
  ['zh-Hant-TW', 'en'],
  ['ar-EG, en;q=0.5', 'ar'],
  ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'fr'],
  ['en;q=0.5, es;q=0.9', 'es'],
  ['en;q=0.9, es;q=0.9', 'en'],
  ['nl, de;q=0.3, fr;q=0.4', 'fr'],
  ['nl;q=1, *;q=0.1', 'en'],
  ['en;q=0, *', 'fr'],
  ['en;q=0, fr;q=0.000, *;q=0.1', 'de'],
  ['de;q=0', 'en'],
  ['de ; q=0.5 , fr ; q=0.6', 'fr'],
  ['de;q=0.1234, fr;q=0.1', 'fr'],
  ['de;q=1.1, fr;q=0.1', 'fr'],
  ['de;q=-1, fr;q=0.1', 'fr'],
  ['de;level=1, fr;q=0.1', 'fr'],
  ['deutsch', 'en'],
  ['de_DE, es;q=0.1', 'es'],
  ['../de, <script>, es;q=0.1', 'es'],
  ['constructor, __proto__, es;q=0.1', 'es'],
  [',,,;;;, es', 'es'],
  [`${'nl,'.repeat(100)}de`, 'en'],
];

for (const [header, language] of CASES) {
  test(`${JSON.stringify(header?.slice(0, 60) ?? null)} is read in ${language}`, () => {
    assert.equal(languageFor(header), language);
  });
}

test('whatever is sent, it is one of ours', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), (header) => LANGUAGES.includes(languageFor(header))));
});
