/**
 * What every store must do, as cases that any test runner can run. Each gets a world of its own: an empty store, further
 * connections to the same data, and a clock that all of them follow.
 * @example for (const { name, run } of conformance) test(name, async () => await withWorld(run));
 */
import { accountEndCases } from './conformance/account-ends.ts';
import { accountCases } from './conformance/accounts.ts';
import { addressCases } from './conformance/addresses.ts';
import { admissionCases } from './conformance/admissions.ts';
import { approvalCases } from './conformance/approvals.ts';
import { credentialCases } from './conformance/credentials.ts';
import { defenceCases } from './conformance/defence.ts';
import { deviceCases } from './conformance/devices.ts';
import { exchangeCases } from './conformance/exchange.ts';
import { importCases } from './conformance/imports.ts';
import { limitCases } from './conformance/limits.ts';
import { onceCases } from './conformance/once.ts';
import { passwordCases } from './conformance/passwords.ts';
import { historyCases } from './conformance/reading.ts';
import { sessionCases } from './conformance/sessions.ts';
import { tellingCases } from './conformance/tellings.ts';
import { upkeepCases } from './conformance/upkeep.ts';
import type { ConformanceCase } from './conformance/world.ts';

export type { ConformanceCase, World } from './conformance/world.ts';

export const conformance: readonly ConformanceCase[] = Object.entries({
  ...accountCases,
  ...admissionCases,
  ...sessionCases,
  ...credentialCases,
  ...passwordCases,
  ...addressCases,
  ...accountEndCases,
  ...tellingCases,
  ...onceCases,
  ...upkeepCases,
  ...historyCases,
  ...limitCases,
  ...approvalCases,
  ...defenceCases,
  ...exchangeCases,
  ...deviceCases,
  ...importCases,
}).map(([name, run]) => ({ name, run }));
