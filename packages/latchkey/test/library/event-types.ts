import type { LatchkeyEvent } from 'latchkey';

/** Does not compile without each type of event, so that a new one must be looked at where these are used. */
const types: Readonly<Record<LatchkeyEvent['type'], true>> = {
  registered: true,
  signed_in: true,
  sign_in_refused: true,
  signed_out: true,
  key_misused: true,
  place_taken: true,
  place_reclaimed: true,
  takeover_withheld: true,
  session_disowned: true,
  sessions_ended: true,
  password_changed: true,
  password_reset: true,
  email_verified: true,
  email_changed: true,
  email_change_undone: true,
  profile_changed: true,
  account_suspended: true,
  account_reactivated: true,
  second_step_reset: true,
  roles_changed: true,
  account_closed: true,
};

export const eventTypes: readonly string[] = Object.keys(types);
