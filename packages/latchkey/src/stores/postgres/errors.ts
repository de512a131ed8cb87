/** What PostgreSQL and the way to it complain of: an illness, a race that was lost, or a bug. */
import type { DatabaseError } from 'pg';
import { StoreUnavailable } from '../store.ts';

/** A lock was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** The classes and codes of SQLSTATE by which the server says that it cannot do its work just now. */
const ILL = new Set([
  '08', // connection exception
  '28', // invalid authorization: a password was changed under us
  '53', // insufficient resources
  '57', // operator intervention: shut down, starting up, cancelled, timed out
  '58', // system error
  'XX', // internal error, data corrupted
  '25006', // read only
  '25P03', // idle in a transaction for too long
  '3D000', // no such database
  '54000', // the queue of notifications is full
  LOCK_NOT_AVAILABLE,
]);

/** A unique row was taken by another, or PostgreSQL chose us to give way. */
const LOST = new Set(['23505', '40001', '40P01']);

/** What a server says before it hangs up, or that this connection is of no use for what comes next. */
const HUNG_UP = new Set(['57P01', '57P02', '57P03', '57P05', '25006', '25P03']);

/** An answer of the server itself. Anything else that the driver throws is trouble on the way to it. */
export function isAnswer(error: unknown): error is DatabaseError & { readonly code: string } {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

/** Whether the same transaction has another chance: nothing of it was kept. */
export function isLostRace(error: unknown): boolean {
  return isAnswer(error) && (LOST.has(error.code) || isStalePlan(error));
}

/** Whether others held what this was to lock for as long as it may wait. Nothing of it was kept. */
export function isLockMissed(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : error;
  return isAnswer(cause) && cause.code === LOCK_NOT_AVAILABLE;
}

/** A prepared statement is of tables that were altered since, by a newer node: on another connection it is prepared anew. */
export function isStalePlan(error: unknown): boolean {
  return isAnswer(error) && error.code === '0A000' && error.routine === 'RevalidateCachedQuery';
}

/** Whether a connection may serve others after this: not where it is broken, or may still be busy. */
export function isUsableAfter(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : error;
  if (!isAnswer(cause)) return !(error instanceof StoreUnavailable);
  return cause.severity === 'ERROR' && !HUNG_UP.has(cause.code) && !isStalePlan(cause);
}

/** What the driver throws: an illness as `StoreUnavailable`, a race that was lost and a bug as they are. */
export function explained(error: unknown): unknown {
  if (isAnswer(error)) return isIllness(error.code) ? ill(error) : error;
  if (error instanceof StoreUnavailable || !isTrouble(error)) return error;
  return new StoreUnavailable(`PostgreSQL cannot be reached: ${messageOf(error)}`, { cause: error });
}

/** What was asked of the driver, with its errors explained. */
export async function answer<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw explained(error);
  }
}

/** A race that was lost too often is an illness, too; a name that is taken and yet never found is a bug. */
export function givenUp(error: unknown): unknown {
  return isLostRace(error) && isAnswer(error) && error.code !== '23505' ? ill(error) : error;
}

function ill(error: Error): StoreUnavailable {
  return new StoreUnavailable(`PostgreSQL: ${error.message}`, { cause: error });
}

function isIllness(code: string): boolean {
  return ILL.has(code) || ILL.has(code.slice(0, 2));
}

/** The driver's own complaints are plain errors, the system's have a code; those of other kinds are bugs. */
function isTrouble(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false;
  return 'code' in error || error.constructor === Error || error instanceof AggregateError;
}

/** Of several addresses of one host each says its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
