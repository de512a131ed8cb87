import { asTime, type Row } from '../harness/figure.ts';
import { interleave } from '../harness/rounds.ts';
import type { ChecksAsked, Variant } from '../processes/checks.ts';
import { fill } from './fill.ts';

export const check: Row = {
  name: 'check',
  title: 'A check in process, every one of them a read (SQLite, strict)',
  needsPeers: false,
  async measure(bench) {
    const sessions = bench.isQuick ? 10_000 : 100_000;
    const filled = await fill(bench, sessions);
    const child = await bench.start('processes/checks.ts');
    await child.ask('load', filled);
    const once = (variant: Variant) => (): Promise<number> =>
      child.ask('measure', { database: filled.path, variant, checks: 20_000 } satisfies ChecksAsked);
    const cpu = await interleave(
      { floor: once('floor'), headers: once('headers'), request: once('request') },
      { rounds: bench.isQuick ? 5 : 15, progress: bench.progress, what: 'check' },
    );
    const held = { against: 'SHA-256 and one prepared read', floor: cpu.floor, goal: { atMost: 1.5 } };
    const among = `${sessions.toLocaleString('en')} sessions`;
    return [
      asTime(`authenticate(req.headers), random over ${among}, CPU`, 'µs', cpu.headers, held),
      asTime(`authenticate(request), the same, CPU`, 'µs', cpu.request, held),
    ];
  },
};
