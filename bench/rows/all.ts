/** Every row, in the order of the table. */
import type { Row } from '../harness/figure.ts';
import { acknowledgements } from './acknowledgements.ts';
import { check } from './check.ts';
import { checkSizes } from './check-sizes.ts';
import { checkStores } from './check-stores.ts';
import { dpop } from './dpop.ts';
import { events } from './events.ts';
import { imports } from './import.ts';
import { kept } from './kept.ts';
import { memory } from './memory.ts';
import { ownRoutes } from './own-routes.ts';
import { refused } from './refused.ts';
import { route } from './route.ts';
import { routeStores } from './route-stores.ts';
import { sharing } from './sharing.ts';
import { signIns } from './sign-ins.ts';
import { signInsCheap } from './sign-ins-cheap.ts';
import { signInsStores } from './sign-ins-stores.ts';
import { start } from './start.ts';
import { storm } from './storm.ts';
import { stormStores } from './storm-stores.ts';

export const rows: readonly Row[] = [
  check,
  checkStores,
  checkSizes,
  dpop,
  route,
  routeStores,
  ownRoutes,
  signIns,
  signInsStores,
  signInsCheap,
  storm,
  stormStores,
  acknowledgements,
  events,
  refused,
  start,
  memory,
  kept,
  imports,
  sharing,
];
