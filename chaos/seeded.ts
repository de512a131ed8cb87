/** Random numbers that a seed gives again: xoshiro128**, by Blackman and Vigna, whose state splitmix32 fills. */

export type Seeded = {
  /** From 0 up to 1, without it. */
  next(): number;
  /** A whole number from `from` up to `to`, with both. */
  integer(from: number, to: number): number;
  /** A number from `from` up to `to`. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  /** Throws where there is nothing to pick. */
  pick<Item>(items: readonly Item[]): Item;
  /** Numbers of their own for a purpose: what one draws changes nothing for the others. */
  fork(name: string): Seeded;
};

export function seeded(seed: number): Seeded {
  const fill = splitMix(seed);
  const state = Uint32Array.of(fill(), fill(), fill(), fill());
  const next = (): number => xoshiro(state) / 2 ** 32;
  const self: Seeded = {
    next,
    integer: (from, to) => from + Math.floor(next() * (to - from + 1)),
    between: (from, to) => from + next() * (to - from),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('There is nothing to pick from.');
      return item;
    },
    fork: (name) => seeded(hashOf(name, seed)),
  };
  return self;
}

const rotate = (bits: number, by: number): number => (bits << by) | (bits >>> (32 - by));

function xoshiro(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = state;
  const drawn = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
  const e = c ^ a;
  const f = d ^ b;
  state.set([a ^ f, b ^ e, e ^ (b << 9), rotate(f, 11)]);
  return drawn;
}

function splitMix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** FNV-1a over a name, begun from a seed. */
function hashOf(name: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
