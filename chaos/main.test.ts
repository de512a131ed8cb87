/** The command over a history that was kept, and the parts of a run that a seed decides. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { doubtOf } from './check.ts';
import { type Entry, historyFile, readHistory } from './history.ts';
import { addressOf, operationAt } from './place.ts';
import { plannedFaults, STORE_FAULTS } from './schedule.ts';
import { seeded } from './seeded.ts';
import { rulesWith, type Story, story } from './story.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-chaos-'));
after(() => rmSync(folder, { recursive: true }));

async function kept(name: string, { entries }: Story): Promise<string> {
  const path = join(folder, name);
  const file = historyFile(path);
  file.write({ op: 'run', rules: rulesWith({}), seed: 7, store: 'sqlite' });
  for (const entry of entries) file.write(entry);
  await file.close();
  return path;
}

function checkAgain(path: string): { readonly status: number | null; readonly output: string } {
  const main = join(import.meta.dirname, 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', main, 'check', path]);
  return { status, output: `${stdout}${stderr}` };
}

const displaced = (): Story =>
  story()
    .signIn('A', { at: [0, 10] })
    .signIn('B', { at: [20, 30], displaced: ['A'] });

describe('a history that was kept', () => {
  test('is read as it was written', async () => {
    const told = displaced().live('A', { at: [31.25, 32.5] });
    const [, ...read] = await readHistory(await kept('same.jsonl', told));
    assert.deepEqual(read, told.entries as Entry[]);
  });

  test('is checked again by its own rules, and ends well where nothing is wrong', async () => {
    const { status, output } = checkAgain(await kept('good.jsonl', displaced().dead('A', { at: [31, 32] })));
    assert.equal(status, 0, output);
  });

  test('ends badly where something is, with the records that prove it and by how much it was late', async () => {
    const { status, output } = checkAgain(await kept('bad.jsonl', displaced().live('A', { at: [42, 43] })));
    assert.equal(status, 1);
    assert.match(
      output,
      /✖ I1: live after its sign-in was answered, 12\.0 ms late\n {4}\{"op":"sign-in".*\n {4}\{"op":"check"/,
    );
  });

  test('in which many sign-ins had no answer proves no loss and no keeping, unless what is kept was looked at', async () => {
    const unanswered = (count: number): Story => {
      const told = story();
      for (let turn = 0; turn < 100; turn++) {
        const at = [turn * 10, turn * 10 + 5] as const;
        const isLost = turn < count;
        told.signIn(isLost ? null : `T${turn}`, { at, account: turn, outcome: isLost ? 'unknown' : 'done' });
      }
      return told;
    };
    const { status, output } = checkAgain(await kept('doubt.jsonl', unanswered(6)));
    assert.equal(status, 1);
    assert.match(output, /✖ 6 of 100 sign-ins had no answer, and nobody looked at what is kept/);
    assert.equal(doubtOf(unanswered(6).keptAll().entries), null);
    assert.equal(doubtOf(unanswered(5).entries), null);
  });

  test('that ends in half a line is refused with the number of the line', async () => {
    const path = join(folder, 'half.jsonl');
    writeFileSync(path, '{"op":"kept-all","at":1}\n{"op":"chec');
    const { status, output } = checkAgain(path);
    assert.equal(status, 2);
    assert.match(output, /half\.jsonl:2 is no JSON/);
  });
});

describe('what a seed decides', () => {
  const plan = { seconds: 600, nodes: 3, storeFaults: STORE_FAULTS, isClockOfStore: true };

  test('is the same again with the same seed, and something else with another', () => {
    assert.deepEqual(plannedFaults(seeded(1), plan), plannedFaults(seeded(1), plan));
    assert.notDeepEqual(plannedFaults(seeded(1), plan), plannedFaults(seeded(2), plan));
  });

  test('one purpose draws its numbers whatever another has drawn', () => {
    const [first, second] = [seeded(5), seeded(5)];
    for (let n = 0; n < 100; n++) second.fork('another').next();
    second.next();
    assert.equal(first.fork('faults').next(), second.fork('faults').next());
    assert.notEqual(first.fork('faults').next(), first.fork('clients').next());
  });

  test('numbers are spread evenly over their range', () => {
    const random = seeded(3);
    const counts = Array<number>(10).fill(0);
    for (let n = 0; n < 100_000; n++) {
      const drawn = random.integer(0, 9);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    assert.ok(
      counts.every((count) => Math.abs(count - 10_000) < 500),
      counts.join(),
    );
  });

  test('faults come one at a time, each kind before any comes again, and on every node', () => {
    const faults = plannedFaults(seeded(1), plan);
    const kinds = new Set(faults.map(({ fault }) => fault));
    assert.deepEqual(new Set(faults.slice(0, kinds.size).map(({ fault }) => fault)), kinds);
    assert.equal(kinds.size, 10);
    for (const [index, { atMs, forMs }] of faults.entries()) {
      assert.ok(atMs + forMs + 599 <= (faults[index + 1]?.atMs ?? Number.POSITIVE_INFINITY));
    }
    assert.deepEqual(new Set(faults.map(({ node }) => node)), new Set([null, 0, 1, 2]));
  });

  test("where times are the nodes' own, no clock is wrong by more than an hour", () => {
    const shifts = plannedFaults(seeded(1), { ...plan, isClockOfStore: false }).map(({ shiftMs }) => Math.abs(shiftMs));
    assert.equal(Math.max(...shifts), 3_600_000);
    assert.ok(plannedFaults(seeded(1), plan).some(({ shiftMs }) => Math.abs(shiftMs) > 3e11));
  });
});

test('an operation is told by the address that it says it comes from', () => {
  for (const i of [1, 255, 256, 65_536, 2 ** 24 - 1]) assert.equal(operationAt(addressOf(i)), i);
  assert.throws(() => addressOf(2 ** 24), RangeError);
  assert.equal(operationAt('Vienna, Austria'), null);
  assert.equal(operationAt(null), null);
});
