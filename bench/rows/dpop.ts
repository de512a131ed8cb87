import { join } from 'node:path';
import { asTime, plain, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { BoundAsked, Variant } from '../processes/bound-checks.ts';

export const dpop: Row = {
  name: 'dpop',
  title: 'A check of a bound key in process (DPoP, ES256; SQLite, strict)',
  needsPeers: false,
  async measure(bench) {
    const child = await bench.start('processes/bound-checks.ts');
    await child.ask('load', join(bench.folder, 'bound.db'));
    const once = (variant: Variant) => (): Promise<number> =>
      child.ask('measure', { variant, checks: bench.isQuick ? 500 : 2_000 } satisfies BoundAsked);
    const cpu = await interleave(
      {
        unbound: once('unbound'),
        bound: once('bound'),
        nonce: once('nonce'),
        atHand: once('atHand'),
        brought: once('brought'),
      },
      { rounds: bench.isQuick ? 5 : 15, progress: bench.progress, what: 'dpop' },
    );
    await child.stop();
    const whole = { against: 'one not bound, and its proof verified by the key that it brings', floor: cpu.brought };
    const bare = { against: 'one not bound, and its proof verified by a key at hand', floor: cpu.atHand };
    const goal = { atMost: 1 };
    return [
      plain('authenticate(request) of a key that is not bound, CPU', 'µs', cpu.unbound),
      asTime('of a bound one, with nonces alone (`nonce`), CPU', 'µs', cpu.nonce, { ...whole, goal }),
      asTime('the same, CPU', 'µs', cpu.nonce, bare),
      asTime('of a bound one, each proof kept as seen (`nonce+jti`), CPU', 'µs', cpu.bound, { ...whole, goal }),
      asTime('the same, CPU', 'µs', cpu.bound, bare),
    ];
  },
};
