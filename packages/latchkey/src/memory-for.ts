import type { Settings } from './model/settings.ts';
import type { Warn } from './sessions/endings.ts';
import { inForceWithoutHearing } from './sessions/in-force.ts';
import { type CheckOf, type Memory, nodeMemory, noMemory } from './sessions/memory.ts';
import { systemClock } from './stores/clock.ts';
import type { Store } from './stores/store.ts';

/** What this process remembers: a node as the settings say, a command nothing. What a command changes waits for the nodes, too. */
export function memoryFor<Check>(given: {
  readonly store: Store;
  readonly settings: Settings;
  readonly role: 'node' | 'command';
  readonly warn: Warn;
  readonly checkOf: CheckOf<Check>;
}): Memory<Check> {
  const { store, settings, role, warn, checkOf } = given;
  const { feed, sessions } = store;
  const { trust, remembered } = settings.checks;
  if (feed === null || trust === 'strict') return noMemory(sessions);
  if (role === 'node') {
    const clocks = { monotonic: () => performance.now(), wallClock: systemClock };
    return nodeMemory({ feed, sessions, trust, most: remembered, policy: settings.sessions, warn, checkOf, ...clocks });
  }
  const silent = () => undefined;
  const committed = trust === 'acked' ? inForceWithoutHearing : async () => undefined;
  const line = feed.join({ up: silent, down: silent, heard: silent, acknowledged: silent, committed });
  return { ...noMemory(sessions), close: () => line.close() };
}
