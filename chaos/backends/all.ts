import type { Backend } from './backend.ts';
import { sqliteBackend } from './sqlite.ts';

/** Every store that a run can be on, by its name. */
export const backends: Readonly<Record<string, () => Backend>> = {
  sqlite: sqliteBackend,
};
