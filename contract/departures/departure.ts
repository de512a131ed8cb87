/** A rule by which Latchkey answers otherwise than the recorded server, narrow enough that nothing else passes for it. */
import type { Expected } from '../answer.ts';
import type { Situation } from '../situation.ts';

export type Departure = {
  /** As in the table of `docs/django.md`. */
  readonly id: string;
  /** The whole answer in place of the recorded one; null where the rule does not apply. */
  readonly whole?: (situation: Situation) => Expected | null;
  /** Single places of an answer that is otherwise as recorded; null where the rule does not apply. */
  readonly parts?: (situation: Situation) => Partial<Expected> | null;
};
