/** The child's side of `child.ts`. */
import type { Asked, Said } from './child.ts';

type Answers = Readonly<Record<string, (given: never) => unknown>>;

/** Answers questions of the process that started this one, and ends with it. */
export function answers(to: Answers): void {
  process.on('message', (asked: Asked) => {
    const known = to[asked.question];
    if (known === undefined) return;
    Promise.try(known, asked.given as never).then(
      (answer: unknown) => say({ id: asked.id, answer }),
      (error: unknown) =>
        say({ id: asked.id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}

/** This process serves on `port`, or works without one. */
export function ready(port: number | null): void {
  say({ ready: port });
}

function say(said: Said): void {
  process.send?.(said);
}
