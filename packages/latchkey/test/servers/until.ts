import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again, every 20 ms, until the answer is neither null nor false.
 * @param what the state that is waited for, as a sentence
 * @throws after 60 s, with the last refusal as its cause, if there was one
 */
export async function until<Answer>(ask: () => Promise<Answer | null | false>, what: string): Promise<Answer> {
  const deadline = performance.now() + 60_000;
  let cause: unknown;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      cause = error;
      return null;
    });
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Waited 60 s in vain until ${what}`, { cause });
    await sleep(20);
  }
}
