/** Requests that are sent at their time, however long earlier ones take: what people who do not wait for each other see. */
import { answers, ready } from '../harness/answers.ts';
import { percentile } from '../harness/spread.ts';
import { type Connection, connect, type Pattern } from './connection.ts';
import { fillsIn } from './fills.ts';

export type RateAsked = {
  readonly port: number;
  readonly perSecond: number;
  readonly ms: number;
  readonly pattern: Pattern;
  readonly fills: string;
  readonly expect: number;
};

/** Milliseconds from when a request was due to its answer; `late` is by how much the sender itself was behind. */
export type Rated = { readonly p50: number; readonly p99: number; readonly lateP99: number };

async function run({ port, perSecond, ms, pattern, fills, expect }: RateAsked): Promise<Rated> {
  const from = fillsIn(fills);
  const free: Connection[] = [];
  const all: Connection[] = [];
  const took: number[] = [];
  const late: number[] = [];
  const startedAt = performance.now();

  const send = async (dueAt: number): Promise<void> => {
    late.push(performance.now() - dueAt);
    const connection = free.pop() ?? (await connect(port));
    if (!all.includes(connection)) all.push(connection);
    const status = await connection.send(
      pattern.before + from[Math.floor(Math.random() * from.length)] + pattern.after,
    );
    took.push(performance.now() - dueAt);
    free.push(connection);
    if (status !== expect) throw new Error(`Port ${port} answered ${status} rather than ${expect}.`);
  };

  const sent: Promise<void>[] = [];
  const count = Math.floor((perSecond * ms) / 1000);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      for (let dueAt = startedAt + (sent.length * 1000) / perSecond; dueAt <= now && sent.length < count; ) {
        sent.push(send(dueAt));
        dueAt = startedAt + (sent.length * 1000) / perSecond;
      }
      if (sent.length < count) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await Promise.all(sent);
  for (const connection of all) connection.close();
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), lateP99: percentile(late, 0.99) };
}

answers({ run });
ready(null);
