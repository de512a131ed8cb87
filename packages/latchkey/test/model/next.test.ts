/** Where somebody may be sent: a path on this origin, and nothing that any parser could take for something else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { localPath } from '../../src/model/next.ts';

const ORIGIN = 'https://app.example';

/** Given, and what becomes of it. */
const KEPT: readonly (readonly [given: string, path: string])[] = [
  ['/', '/'],
  ['/account/', '/account/'],
  ['/home/?a=b&c=d#e', '/home/?a=b&c=d#e'],
  ['/a/../b', '/b'],
  ['/./a', '/a'],
  ['/../a', '/a'],
  ['/%5cevil.example', '/%5cevil.example'],
  ['/%5C%5Cevil.example', '/%5C%5Cevil.example'],
  ['/%2f%2fevil.example', '/%2f%2fevil.example'],
  ['/%252f%252fevil.example', '/%252f%252fevil.example'],
  ['/%09/evil.example', '/%09/evil.example'],
  ['/%0d%0aSet-Cookie:a=b', '/%0d%0aSet-Cookie:a=b'],
  ['/?next=//evil.example', '/?next=//evil.example'],
  ['/#//evil.example', '/#//evil.example'],
  ['/@evil.example', '/@evil.example'],
  ['/:443', '/:443'],
  ['/javascript:alert(1)', '/javascript:alert(1)'],
  ['/https://evil.example', '/https://evil.example'],
  ['/a//evil.example', '/a//evil.example'],
  ['/／evil.example', '/%EF%BC%8Fevil.example'],
  ['/⁄evil.example', '/%E2%81%84evil.example'],
  ['/∕evil.example', '/%E2%88%95evil.example'],
  ['/＼evil.example', '/%EF%BC%BCevil.example'],
  ['/⧵evil.example', '/%E2%A7%B5evil.example'],
  ['/。evil.example', '/%E3%80%82evil.example'],
  ['/é?ü#ß', '/%C3%A9?%C3%BC#%C3%9F'],
  ['/a b', '/a%20b'],
  ['/"><script>', '/%22%3E%3Cscript%3E'],
  ['/\u202eelpmaxe.live', '/%E2%80%AEelpmaxe.live'],
  ['/\u200b/evil.example', '/%E2%80%8B/evil.example'],
  ['/\ufeff/evil.example', '/%EF%BB%BF/evil.example'],
  ['/\u00a0/evil.example', '/%C2%A0/evil.example'],
];

const REFUSED: readonly string[] = [
  // nothing, and what is relative
  ...[
    '',
    ' ',
    'home',
    'evil.example',
    '.',
    '..',
    './a',
    '../a',
    '?a',
    '#a',
    '@evil.example',
    ':80',
    '%2fa',
    '%2f%2fevil',
  ],
  // hosts
  ...['//evil.example', '///evil.example', '////evil.example', '//evil.example/%2f..', '//app.example/', '//'],
  ...['//app.example@evil.example', '//evil.example:443/', '//[::1]/', '//127.0.0.1/', '//%65vil.example'],
  // backslashes
  ...['/\\evil.example', '\\\\evil.example', '\\/evil.example', '/\\/evil.example', '\\/\\/evil.example', '/a\\b'],
  ...['/\\', '\\', '/\\\\evil.example', '/\\\tevil.example', '/.\\/evil.example', '/..\\\\evil.example'],
  // control characters, which parsers take off
  ...['/\t/evil.example', '/\n/evil.example', '/\r/evil.example', '/\r\nSet-Cookie:a=b', '\t//evil.example', '\0/a'],
  ...[
    '/\0',
    '/\u0001/evil',
    '/\u000b/evil',
    '/\f/evil',
    '/\u001f/evil',
    '/\u007f/evil',
    '/\u0085/evil',
    '/\u009f/evil',
  ],
  ...['/\u2028/evil.example', '/\u2029/evil.example', '\u0008//evil.example', '/a\n', '/a\t', '\n/a'],
  // blanks before it
  ...[' /a', ' //evil.example', '\u00a0/a', '\u3000//evil.example', '\ufeff/a', '\u200b//evil.example'],
  // schemes
  ...[
    'https://evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'HtTpS://evil.example',
  ],
  ...['http://app.example/', 'https://app.example/', 'https://app.example.evil.example/', 'https://evilapp.example/'],
  ...['https://app.example@evil.example', 'https://app.example:443@evil.example', 'https://app.example%40evil.example'],
  ...[
    'https://app.example%2eevil.example',
    'https://app.example.',
    'https://ⓔvil.example',
    'https://app.example。evil.example',
  ],
  ...[
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'javascript://%0aalert(1)',
  ],
  ...[
    'data:text/html,<script>',
    'vbscript:x',
    'blob:https://app.example/x',
    'filesystem:https://app.example/x',
    'file:///etc',
  ],
  ...[
    'myapp://callback.evil',
    'about:blank',
    'ftp://evil.example',
    'mailto:a@b.c',
    'view-source:/',
    'ws://evil.example',
  ],
  // slashes of other scripts where ours should be
  ...[
    '／／evil.example',
    '／evil.example',
    '⁄⁄evil.example',
    '∕∕evil.example',
    '＼＼evil.example',
    '/／/evil.example'.slice(1),
  ],
  // what is another host's once it was parsed
  ...['/..//evil.example', '/.//evil.example', '/a/..//evil.example', '/a/../..//evil.example', '/././/evil.example'],
  ...[
    '/%2e%2e//evil.example',
    '/%2e//evil.example',
    '/a/%2E%2e//evil.example',
    '/..//..//evil.example',
    '/a/b/../..//evil',
  ],
  // letters that are none, and too many
  ...['/\ud800', '/\udc00/evil', `/${'a'.repeat(2000)}`, `//${'a'.repeat(2000)}`],
];

describe('where somebody may be sent after signing in', () => {
  for (const [given, path] of KEPT) {
    test(`D9: ${JSON.stringify(given)} is a path`, () => assert.equal(localPath(given, ORIGIN), path));
  }

  for (const given of REFUSED) {
    test(`D1 D2 D3 D4 D5 D6 D7 D8 D10: ${JSON.stringify(given.slice(0, 60))} is none`, () => {
      assert.equal(localPath(given, ORIGIN), null);
    });
  }

  test('a hundred and more were tried, and nothing is nowhere', () => {
    assert.ok(new Set([...REFUSED, ...KEPT.map(([given]) => given)]).size >= 130);
    assert.equal(localPath(null, ORIGIN), null);
  });

  test('D1 to D9: whatever is given, it is nowhere, or a path that every parser reads as one of ours', () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '@',
      ':',
      '?',
      '#',
      '\t',
      '\n',
      'evil.example',
      'https:',
      '／',
    );
    const given = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(given, (text) => {
        const path = localPath(text, ORIGIN);
        if (path === null) return;
        assert.match(path, /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/);
        for (const base of [ORIGIN, 'http://127.0.0.1:8787']) assert.equal(new URL(path, base).origin, base);
        assert.equal(localPath(path, ORIGIN), path, 'once more changes nothing');
      }),
      { numRuns: 2_000 },
    );
  });
});
