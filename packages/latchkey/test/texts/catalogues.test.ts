/** Six catalogues: whole, with every gap, and in their own words. That no text is missing is a matter of their type. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GAP, speechIn } from '../../src/texts/catalogue.ts';
import { deviceName } from '../../src/texts/devices.ts';
import { LANGUAGES } from '../../src/texts/reader.ts';
import { ago, duration, moment } from '../../src/texts/time.ts';

type Texts = ReadonlyMap<string, string>;

function textsIn(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[path, value]];
  assert.ok(typeof value === 'object' && value !== null, path);
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, path === '' ? name : `${path}.${name}`));
}

const textsOf = async (language: (typeof LANGUAGES)[number]): Promise<Texts> =>
  new Map(textsIn((await speechIn(language)).words));

const gapsOf = (text: string): readonly string[] => [...text.matchAll(GAP)].map(([, name = '']) => name).sort();

/** What is the same in another language as in English, and rightly so. */
const SAME: readonly string[] = ['de deviceClasses.web', 'de secondStep.code', 'fr secondStep.code'];

const english = await textsOf('en');

describe('the catalogues', () => {
  for (const language of LANGUAGES) {
    test(`${language} is whole: no text is empty, lost a gap, has another, or has blanks around it`, async () => {
      const texts = await textsOf(language);
      assert.deepEqual([...texts.keys()], [...english.keys()]);
      assert.ok(texts.size > 180, `${texts.size} texts`);
      for (const [path, text] of texts) {
        assert.ok(text.trim().length > 1 && text === text.trim(), `${language} ${path}`);
        assert.deepEqual(gapsOf(text), gapsOf(english.get(path) ?? ''), `${language} ${path}`);
        assert.doesNotMatch(text, /[<>&]|\{\}|TODO|undefined|["`]/, `${language} ${path}`);
      }
    });
  }

  for (const language of LANGUAGES.filter((one) => one !== 'en')) {
    test(`${language} says everything in its own words`, async () => {
      const same = [...(await textsOf(language))].filter(([path, text]) => english.get(path) === text);
      const known = same.map(([path]) => `${language} ${path}`).filter((path) => !SAME.includes(path));
      assert.deepEqual(known, []);
    });
  }

  test('Arabic is written in its own letters, and reads from right to left', async () => {
    for (const [path, text] of await textsOf('ar')) assert.match(text, /\p{Script=Arabic}/u, path);
    assert.equal((await speechIn('ar')).dir, 'rtl');
    for (const language of LANGUAGES.filter((one) => one !== 'ar')) assert.equal((await speechIn(language)).dir, 'ltr');
  });

  test('a device has its name in each language, and what nobody knows stays as it is kept', async () => {
    const names: Record<string, readonly string[]> = {};
    for (const language of LANGUAGES) {
      const { words } = await speechIn(language);
      const kept = ['Firefox on Windows', 'a browser on Linux', 'an unknown device', 'curl'];
      names[language] = kept.map((name) => deviceName(words, name));
    }
    assert.deepEqual(names, {
      en: ['Firefox on Windows', 'a browser on Linux', 'an unknown device', 'curl'],
      fr: ['Firefox sur Windows', 'un navigateur sur Linux', 'un appareil inconnu', 'curl'],
      de: ['Firefox unter Windows', 'ein Browser unter Linux', 'ein unbekanntes Gerät', 'curl'],
      es: ['Firefox en Windows', 'un navegador en Linux', 'un dispositivo desconocido', 'curl'],
      pt: ['Firefox no Windows', 'um navegador no Linux', 'um dispositivo desconhecido', 'curl'],
      ar: ['Firefox على Windows', 'متصفح على Linux', 'جهاز غير معروف', 'curl'],
    });
  });
});

describe('times in words', () => {
  test('how long ago it was, in the largest unit that fits', () => {
    const seconds = [0, 1.9, 59, 60, 3_599, 3_600, 86_400, 604_800, 2_592_000, 31_536_000];
    assert.deepEqual(
      seconds.map((count) => ago('en', count * 1000)),
      [
        'now',
        '1 second ago',
        '59 seconds ago',
        '1 minute ago',
        '59 minutes ago',
        '1 hour ago',
        'yesterday',
        'last week',
        'last month',
        'last year',
      ],
    );
    assert.equal(ago('en', -5_000), 'now');
    assert.deepEqual(
      (['fr', 'de', 'es', 'pt', 'ar'] as const).map((language) => ago(language, 2_000)),
      ['il y a 2 secondes', 'vor 2 Sekunden', 'hace 2 segundos', 'há 2 segundos', 'قبل ثانيتين'],
    );
  });

  test('how long it takes, never less than it does', () => {
    assert.deepEqual(
      [0, 1, 59, 60, 61, 3_600, 3_601].map((seconds) => duration('en', seconds)),
      ['1 second', '1 second', '59 seconds', '1 minute', '2 minutes', '1 hour', '2 hours'],
    );
    assert.equal(duration('de', 300), '5 Minuten');
  });

  test('a moment by the clock of Greenwich', () => {
    assert.match(moment('en', Date.UTC(2026, 0, 1, 12)), /Jan 1, 2026.*12:00.*UTC$/);
    for (const language of LANGUAGES) assert.match(moment(language, 0), /UTC$/);
  });
});
