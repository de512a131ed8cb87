import type { Gate } from '../../model/account.ts';
import type { Session } from '../../model/session.ts';
import type { RedisSessions } from '../redis/sessions.ts';
import { StoreUnavailable } from '../store.ts';
import type { AccountsSide } from './accounts-side.ts';

/** Brings what was changed about an account to its sessions. */
export type Handovers = {
  /** Hands a gate over, and returns the sessions that ended by it. @throws StoreUnavailable where it is not in force yet */
  now(gate: Gate): Promise<readonly Session[]>;
  /** The same of many accounts. */
  all(gates: readonly Gate[]): Promise<void>;
  close(): Promise<void>;
};

export type HandoverParts = {
  readonly sessions: Pick<RedisSessions, 'raise'>;
  readonly accounts: Pick<AccountsSide, 'apart'>;
};

const LOOK_EVERY_MS = 1_000;
const AT_ONCE = 50;
const LEASE_MS = 10_000;

export function handovers({ sessions, accounts: { apart } }: HandoverParts): Handovers {
  let round: Promise<void> = Promise.resolve();

  const finish = async (gate: Gate): Promise<readonly Session[]> => {
    const ended = await sessions.raise(gate);
    // Said twice it does no harm, and said never it is said again: nobody waits for this.
    apart.handedOver([gate]).catch(() => undefined);
    return ended;
  };

  const explained = async <T>(handing: Promise<T>): Promise<T> => {
    try {
      return await handing;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      throw new StoreUnavailable(
        'The change is made, and not in force yet: where sessions are kept cannot be reached. It will be as soon as that can be.',
        { cause: error },
      );
    }
  };

  /** What others have left behind: they died, or the sessions were out of reach. */
  const finishAll = async (): Promise<void> => {
    const gates = await apart.claimHandovers({ limit: AT_ONCE, leaseMs: LEASE_MS });
    await Promise.all(gates.map(finish));
  };

  const timer = setInterval(() => {
    round = round.then(finishAll).catch(() => undefined);
  }, LOOK_EVERY_MS);
  timer.unref();

  return {
    now: (gate) => explained(finish(gate)),
    async all(gates) {
      await explained(Promise.all(gates.map(sessions.raise)));
      await apart.handedOver(gates);
    },
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}
