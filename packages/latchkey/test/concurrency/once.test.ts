/**
 * Whatever is usable once: of any uses of it at the same time, in whichever order they come to the store, one wins; used again, too
 * late, or put together with what is another account's or for another purpose, it opens nothing. By which seed is said in the names.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { interleaved } from './interleaved.ts';
import { type Place, stores } from './stores.ts';
import { ENDLESS, KINDS, type Kind, type Secrets, type Thing } from './usable-once.ts';
import { openWorld, type World } from './world.ts';

const SEED = 20_260_105;

/** One use among others. */
type Turn = {
  readonly way: number;
  /** null where all is as it should be; else what is not of this person and this purpose. */
  readonly wrong: {
    readonly part: number;
    readonly from: 'another account' | 'another purpose';
    readonly which: number;
  } | null;
};

const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({
    way: fc.nat(3),
    wrong: fc.option(
      fc.record({
        part: fc.nat(2),
        from: fc.constantFrom('another account' as const, 'another purpose' as const),
        which: fc.nat(99),
      }),
      { freq: 2 },
    ),
  }),
  { minLength: 2, maxLength: 6 },
);

type Use = { readonly isRight: boolean; readonly use: () => Promise<boolean> };

/** Good secrets of all the other kinds. */
type Others = readonly string[];

function useOf({ way, wrong }: Turn, thing: Thing, theirs: Thing, others: Others): Use {
  const [all, alike] = [thing.ways(), theirs.ways()];
  const { secrets, use } = all[way % all.length] ?? assert.fail();
  if (wrong === null) return { isRight: true, use: () => use(secrets) };
  const names = Object.keys(secrets);
  const name = names[wrong.part % names.length] ?? '';
  // What is all of one secret is theirs to use where it is theirs.
  const isAnothers = wrong.from === 'another account' && names.length > 1;
  const stranger = isAnothers ? alike[way % alike.length]?.secrets[name] : others[wrong.which % others.length];
  return { isRight: false, use: () => use({ ...secrets, [name]: stranger ?? '' }) };
}

const valuesOf = (secrets: Secrets): readonly string[] => Object.values(secrets);

async function othersThan(world: World, kind: Kind): Promise<Others> {
  const found = new Set<string>();
  for (const other of Object.values(KINDS)) {
    if (other === kind) continue;
    for (const { secrets } of (await other(world)).ways()) for (const value of valuesOf(secrets)) found.add(value);
  }
  return [...found];
}

function oneWins(uses: readonly Use[], won: readonly boolean[]): void {
  const isAnyRight = uses.some(({ isRight }) => isRight);
  assert.equal(won.filter(Boolean).length, isAnyRight ? 1 : 0);
  if (isAnyRight) assert.equal(uses[won.indexOf(true)]?.isRight, true, 'it was won by what is wrong');
}

/** Who came with what was wrong took nothing from its owner; who won has had it. */
async function usedOnce(thing: Thing, times: number): Promise<void> {
  let used = 0;
  for (const { secrets, use } of thing.ways()) if (await use(secrets)) used++;
  assert.equal(used, times, 'in the end it was used once');
}

for (const [name, { without, open }] of Object.entries(stores)) {
  const isHere = name === 'SQLite';
  describe(`usable once, on ${name}`, { skip: without ?? false }, () => {
    let place: Place;
    let world: World;
    before(async () => {
      place = await open();
      world = await openWorld(place.options);
    });
    after(async () => {
      await world.close();
      await place.remove();
    });

    for (const [what, kind] of Object.entries(KINDS)) {
      test(`E1, E6, E7, H1: of all uses of ${what} at once one wins, and of wrong ones none (seed ${SEED})`, async () => {
        const others = await othersThan(world, kind);
        await fc.assert(
          fc.asyncProperty(turns, fc.scheduler(), async (order, scheduler) => {
            const [thing, theirs] = [await kind(world), await kind(world)];
            const uses = order.map((turn) => useOf(turn, thing, theirs, others));
            const work = () => uses.map(({ use }) => use());
            // What has one node and one file is taken through its interleavings by hand; servers have their own.
            const { store } = world.assembled.parts;
            oneWins(uses, isHere ? await interleaved(store, scheduler, work) : await Promise.all(work()));
            await usedOnce(thing, uses.some(({ isRight }) => isRight) ? 0 : 1);
          }),
          { seed: SEED, numRuns: isHere ? 20 : 5 },
        );
      });

      if (ENDLESS.includes(what)) continue;
      test(`E3: ${what} opens until it is too old, and nothing from then on`, async () => {
        const [late, early] = [await kind(world), await kind(world)];
        const count = late.ways().length;
        world.clock.advance(early.lifetimeMs - 1);
        const last = early.ways()[0] ?? assert.fail();
        assert.equal(await last.use(last.secrets), true, `after ${early.lifetimeMs - 1} ms`);
        world.clock.advance(1);
        for (let way = 0; way < count; way++) {
          const { secrets, use } = late.ways()[way] ?? assert.fail();
          assert.equal(await use(secrets), false, `way ${way}`);
        }
      });
    }
  });
}
