import type { AppLog } from '../assemble.ts';
import type { LatchkeyEvent } from '../flows/parts.ts';
import { InvalidSettings } from '../resolve-settings.ts';

/** One JSON object per line on standard output. What is logged is chosen field by field: nothing that a person typed. */
export async function serverLog(level: string): Promise<AppLog> {
  const { pino } = await import('pino');
  if (level !== 'silent' && !(level in pino.levels.values)) {
    const known = [...Object.keys(pino.levels.values), 'silent'].join(', ');
    throw new InvalidSettings([`LOG_LEVEL is “${level}”: it must be one of ${known}.`]);
  }
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    info: (details, message) => logger.info(details, message),
    warn: (details, message) => logger.warn(details, message),
    error: (details, message) => logger.error(details, message),
  };
}

/** An event as a line in the log: what happened to whom, by numbers and ids. */
export function logEvent(log: AppLog, event: LatchkeyEvent): void {
  const details = { event: event.type, ...subjectOf(event) };
  if (event.type === 'sign_in_refused') log.warn({ ...details, code: event.code }, 'a sign-in was refused');
  else if (event.type === 'key_misused') log.warn({ ...details, reason: event.reason }, 'a bound key was misused');
  else if (event.type === 'takeover_withheld') log.warn({ ...details, why: event.why }, 'a takeover was withheld');
  else if (event.type === 'place_taken') log.warn(details, 'a new device took the place of another');
  else if (event.type === 'session_disowned') log.warn(details, 'an owner disowned a session');
  else log.info(details, event.type.replaceAll('_', ' '));
}

function subjectOf(event: LatchkeyEvent): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case 'signed_in':
    case 'place_taken':
    case 'place_reclaimed':
      return {
        account: event.account.id,
        session: event.session.id,
        displaced: event.displaced.map(({ id }) => id),
      };
    case 'signed_out':
    case 'key_misused':
      return { account: event.session.accountId, session: event.session.id };
    case 'sessions_ended':
      return { account: event.accountId, sessions: event.sessions.map(({ id }) => id) };
    case 'sign_in_refused':
      return { account: event.accountId };
    default:
      return { account: event.account.id };
  }
}
