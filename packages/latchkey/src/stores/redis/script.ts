import { hash } from 'node:crypto';

/**
 * A script as servers know it. It is whole or not at all: Redis refuses it before its first line where it could not write
 * (`READONLY`, `NOREPLICAS`, `OOM`, `MISCONF`). While a slot moves to another node, keys that are not declared may be refused
 * in its midst: so a script touches every key once before it writes the first.
 */
export type Script = {
  readonly text: string;
  readonly sha: string;
  /** Whether what it does is to be on the replicas, where that is asked for, before it is answered. */
  readonly isKept: boolean;
  /** Whether it touches keys that it does not declare. */
  readonly isReaching: boolean;
};

/** A script that writes. */
export function writing(...parts: readonly string[]): Script {
  return scriptOf('#!lua\n', parts, false);
}

/** A script that writes what a failover must not lose. */
export function keeping(...parts: readonly string[]): Script {
  return scriptOf('#!lua\n', parts, true);
}

/** A script that reads: it runs where nothing can be written just now, too. */
export function reading(...parts: readonly string[]): Script {
  return scriptOf('#!lua flags=no-writes\n', parts, false);
}

/**
 * A script that comes upon keys that it does not declare, such as those of the sessions in a list. While a slot moves, the node
 * that it moves to would take those that it has not yet for missing: it runs only where all of the slot is.
 */
export function reaching(script: Script): Script {
  return { ...script, isReaching: true };
}

function scriptOf(head: string, parts: readonly string[], isKept: boolean): Script {
  const text = head + parts.join('');
  return { text, sha: hash('sha1', text), isKept, isReaching: false };
}
