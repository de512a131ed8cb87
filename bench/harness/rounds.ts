import type { Progress } from './progress.ts';

/**
 * Measures each variant once, then each once again, and so on (A B A B …): what disturbs the machine for a while disturbs all
 * of them. The first round warms up and does not count.
 */
export async function interleave<Name extends string, Sample>(
  variants: Readonly<Record<Name, () => Promise<Sample>>>,
  { rounds, progress, what }: { readonly rounds: number; readonly progress: Progress; readonly what: string },
): Promise<Readonly<Record<Name, readonly Sample[]>>> {
  const names = Object.keys(variants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      progress.say(`${what}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}, ${name}`);
      const sample = await variants[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}
