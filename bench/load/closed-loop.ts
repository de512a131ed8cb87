/** Clients that send their next request as soon as the last is answered: how much a server can do. */
import { answers, ready } from '../harness/answers.ts';
import { percentile } from '../harness/spread.ts';
import { connect, type Pattern } from './connection.ts';
import { fillsIn } from './fills.ts';

export type LoadAsked = {
  readonly port: number;
  readonly clients: number;
  readonly ms: number;
  readonly pattern: Pattern;
  /** A JSON file with what goes into the pattern, taken at random. */
  readonly fills: string;
  readonly expect: number;
};

export type Loaded = {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
};

async function run({ port, clients, ms, pattern, fills, expect }: LoadAsked): Promise<Loaded> {
  const from = fillsIn(fills);
  const connections = await Promise.all(Array.from({ length: clients }, () => connect(port)));
  const times: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + ms;
  await Promise.all(
    connections.map(async (connection) => {
      for (let now = performance.now(); now < endsAt; ) {
        const fill = from[Math.floor(Math.random() * from.length)];
        const status = await connection.send(pattern.before + fill + pattern.after);
        if (status !== expect) throw new Error(`Port ${port} answered ${status} rather than ${expect}.`);
        const answeredAt = performance.now();
        times.push(answeredAt - now);
        now = answeredAt;
      }
    }),
  );
  const perSecond = (times.length / (performance.now() - startedAt)) * 1000;
  for (const connection of connections) connection.close();
  return { answered: times.length, perSecond, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

answers({ run });
ready(null);
