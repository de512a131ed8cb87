import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { settingsPage } from '../../../../scripts/settings-doc.ts';
import { groups, top } from '../../src/config.ts';

const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');

describe('docs/settings.md', () => {
  test('V6.1.1, V7.1.1, V7.1.2: says what config.ts says (`npm run docs`)', () => assert.equal(page, settingsPage()));

  test('has every option, with its variable, its default and a sentence', () => {
    const options = [top, ...Object.values(groups)].flatMap((group) => Object.entries(group));
    for (const [name, { env, shown }] of options) {
      const row = page.split('\n').find((line) => line.includes(`| \`${env}\` |`)) ?? assert.fail(`${env} is missing`);
      const [, named, , fallback, said] = row.split(/(?<!\\) ?\| ?/);
      assert.ok(named?.endsWith(`${name}\``), row);
      assert.equal(fallback?.replaceAll('`', ''), shown);
      assert.match(said ?? '', /^.{15,}\.$/);
    }
  });
});
