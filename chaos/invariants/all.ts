import { accountStop } from './account-stop.ts';
import { events } from './events.ts';
import { failClosed } from './fail-closed.ts';
import { finalDisplacement, finalSignOut } from './final-ending.ts';
import { finalState } from './final-state.ts';
import type { Invariant } from './invariant.ts';
import { limit } from './limit.ts';
import { liveness } from './liveness.ts';
import { monotoneDeath } from './monotone-death.ts';
import { oneAccount } from './one-account.ts';
import { order } from './order.ts';
import { rightAccount } from './right-account.ts';
import { roles } from './roles.ts';
import { replay, singleUse } from './single-use.ts';
import { spuriousLoss } from './spurious-loss.ts';

/** All of them, in the order of their numbers. */
export const invariants: readonly Invariant[] = [
  finalDisplacement,
  limit,
  spuriousLoss,
  monotoneDeath,
  finalSignOut,
  singleUse,
  rightAccount,
  order,
  accountStop,
  oneAccount,
  failClosed,
  liveness,
  finalState,
  events,
  replay,
  roles,
];
