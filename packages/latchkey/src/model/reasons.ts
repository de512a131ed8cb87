/** Why a session ended. Kept with the session until it is purged, so that its holder can be told. */
export type EndReason =
  | 'displaced'
  | 'signed_out'
  | 'revoked'
  | 'password_changed'
  | 'credential_removed'
  | 'account_disabled'
  | 'expired';

/** Every `code` that an answer may carry, beside its human `detail`. */
export type Code =
  | 'session_displaced'
  | 'session_expired'
  | 'signed_out'
  | 'session_revoked'
  | 'password_changed'
  | 'account_disabled'
  | 'invalid_token'
  | 'token_expired'
  | 'not_authenticated'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'dpop_request_unknown'
  | 'invalid_dbsc_proof'
  | 'dbsc_challenge'
  | 'invalid_credentials'
  | 'email_not_verified'
  | 'second_step_required'
  | 'limit_reached'
  | 'choose_session'
  | 'approval_required'
  | 'approval_declined'
  | 'approval_expired'
  | 'second_step_present'
  | 'second_step_absent'
  | 'second_step_demanded'
  | 'reauthentication_required'
  | 'last_way_in'
  | 'too_many_attempts'
  | 'too_many_streams'
  | 'invalid_input'
  | 'registration_closed'
  | 'not_found'
  | 'origin_not_allowed'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'parse_error'
  | 'body_too_large'
  | 'busy'
  | 'rule_mismatch'
  | 'store_unavailable'
  | 'internal_error';

/** What the holder of an ended session is told, by the reason that its session keeps. */
export const codeOfEnd: Readonly<Record<EndReason, Code>> = {
  displaced: 'session_displaced',
  signed_out: 'signed_out',
  revoked: 'session_revoked',
  password_changed: 'password_changed',
  credential_removed: 'session_revoked',
  account_disabled: 'account_disabled',
  expired: 'session_expired',
};

/** Messages by field, as Django REST framework words them: `{ username: ['This field is required.'] }`. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/**
 * What is wrong with a field: a text as the recorded API words it, with a code (and a number) by which a page words it for its
 * reader; or a host's own words, which are said as they are.
 */
export type Flaw = string | { readonly code: string; readonly text: string; readonly value?: number };

export type Flaws = Readonly<Record<string, readonly Flaw[]>>;

/** Flaws in words: the API's own, where no others are given. */
export function worded(flaws: Flaws, inWords: (flaw: Flaw) => string = ownWords): FieldErrors {
  return Object.fromEntries(Object.entries(flaws).map(([field, list]) => [field, list.map((flaw) => inWords(flaw))]));
}

function ownWords(flaw: Flaw): string {
  return typeof flaw === 'string' ? flaw : flaw.text;
}

/** Something that a person asked for and does not get. Thrown by flows; answered in one place (`http/answers.ts`). */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: Code;
  readonly flaws: Flaws | null;
  readonly retryAfterSeconds: number | null;
  /** What the next proof of possession is to have in it, or null. */
  readonly nonce: string | null;

  constructor(
    code: Code,
    more: { flaws?: Flaws; retryAfterSeconds?: number; message?: string; nonce?: string | null } = {},
  ) {
    super(more.message ?? code);
    this.code = code;
    this.flaws = more.flaws ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
    this.nonce = more.nonce ?? null;
  }

  /** Messages under the fields that are wrong, or null where it is not about fields. */
  get fields(): FieldErrors | null {
    return this.flaws === null ? null : worded(this.flaws);
  }
}

/** Bad input: 400 with a message under each field that is wrong. */
export function invalidInput(flaws: Flaws): Refusal {
  return new Refusal('invalid_input', { flaws });
}
