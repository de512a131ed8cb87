/** Records of a file are found wherever its bytes are cut, as JSON and CSV have them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { csvFields, csvScanner, jsonScanner, type RecordScanner } from '../../src/moving/sources/record-scanner.ts';

/** The records of a text that comes in pieces of these lengths, in turn. */
function recordsOf(scanner: RecordScanner, text: string, lengths: readonly number[]): readonly string[] {
  const bytes = Buffer.from(text);
  const places = [];
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    places.push(...scanner.push(bytes.subarray(at, at + length)));
    at += length;
  }
  const { last, flaw } = scanner.end();
  assert.equal(flaw, null);
  return [...places, ...(last === null ? [] : [last])].map(({ start, end }) => bytes.toString('utf8', start, end));
}

const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const texts = fc.string({ unit: fc.constantFrom(...'ab"\\{}[],:\n\r é😀'), maxLength: 8 });

describe('records of a file', () => {
  test('JSON: whatever the people are called, each is found, in a list alone and under a key', () => {
    const person = fc.dictionary(texts, fc.oneof(texts, fc.integer(), fc.array(fc.dictionary(texts, texts))));
    const asked = fc.property(fc.array(person), person, cuts, fc.boolean(), (people, other, lengths, isBare) => {
      const { users: _, ...before } = other;
      const whole = isBare ? people : { ...before, users: people, after: [other] };
      const found = recordsOf(jsonScanner('users'), JSON.stringify(whole, null, 1), lengths);
      assert.deepEqual(
        found.map((text) => JSON.parse(text) as unknown),
        JSON.parse(JSON.stringify(people)),
      );
    });
    fc.assert(asked, { numRuns: 300 });
  });

  test('CSV: whatever stands in the fields, each record is found, and each field', () => {
    const record = fc.array(texts, { minLength: 2, maxLength: 4 });
    const asked = fc.property(fc.array(record), cuts, fc.constantFrom('\n', '\r\n'), (records, lengths, end) => {
      const line = (fields: readonly string[]) => fields.map((one) => `"${one.replaceAll('"', '""')}"`).join(',');
      const found = recordsOf(csvScanner(), records.map(line).join(end), lengths);
      assert.deepEqual(found.map(csvFields), records);
    });
    fc.assert(asked, { numRuns: 300 });
    assert.deepEqual(csvFields('a,,"b ""c""",'), ['a', '', 'b "c"', '']);
    assert.equal(csvFields('a"b,c'), null);
    assert.equal(csvFields('"a"b'), null);
    assert.deepEqual(recordsOf(csvScanner(), '\r\n\na\r\n\n', [1]), ['a'], 'an empty line is none');
  });
});
