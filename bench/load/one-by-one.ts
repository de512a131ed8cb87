/** One client that waits for each answer: how long each kind of request takes, taken in turns. */
import { answers, ready } from '../harness/answers.ts';
import { connect } from './connection.ts';

export type TurnsAsked = {
  readonly port: number;
  /** A request of each kind; `#` becomes the number of the round. */
  readonly requests: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly expect: number;
};

/** Milliseconds, by kind, round by round. */
export type Turns = Readonly<Record<string, readonly number[]>>;

async function run({ port, requests, rounds, expect }: TurnsAsked): Promise<Turns> {
  const connection = await connect(port);
  const took = Object.fromEntries(Object.keys(requests).map((kind) => [kind, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [kind, request] of Object.entries(requests)) {
      const startedAt = performance.now();
      const status = await connection.send(request.replace('#####', String(round).padStart(5, '0')));
      if (status !== expect) throw new Error(`Port ${port} answered ${status} rather than ${expect} to ${kind}.`);
      took[kind]?.push(performance.now() - startedAt);
    }
  }
  connection.close();
  return took;
}

answers({ run });
ready(null);
