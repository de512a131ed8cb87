import type { Code } from '../model/reasons.ts';
import { type Checked, type Checker, type LiveCheck, type Refused, remembered, verify } from '../sessions/verify.ts';
import { credential as texts } from '../texts/api.ts';
import { bodyOf, type Manner, type RefusalAnswer, refuse } from './answers.ts';
import { type HeaderSource, presentedCredential, usualToken } from './credential.ts';
import { isOriginAllowed, isSafe } from './origin.ts';
import { isoTime } from './time.ts';

/** What a request's credential amounts to. */
export type Authenticated =
  | { readonly live: true; readonly checked: LiveCheck; readonly via: 'header' | 'cookie' }
  | { readonly live: false; readonly refusal: CredentialRefusal };

export type CredentialRefusal =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'dead'; readonly refused: Refused; readonly via: 'header' | 'cookie' }
  /** A cookie on a request that another site made the browser send. */
  | { readonly kind: 'foreign-origin' };

const MISSING: Authenticated = { live: false, refusal: { kind: 'missing' } };
const FOREIGN: Authenticated = { live: false, refusal: { kind: 'foreign-origin' } };

/**
 * Who is behind a request? A cookie counts on a request that does more than look only where its origin is one of ours. What is
 * known at once is no promise: the check's cost is the product's.
 */
export function authenticate(
  checker: Checker,
  method: string,
  headers: HeaderSource,
): Authenticated | Promise<Authenticated> {
  const known = rememberedBy(checker, headers.get('authorization'));
  if (known !== null) return { live: true, checked: known, via: 'header' };
  const presented = presentedCredential(checker.settings, headers);
  if (presented.kind === 'none') return MISSING;
  if (presented.kind === 'malformed') return { live: false, refusal: presented };
  const { token, via } = presented;
  if (via === 'cookie' && !isSafe(method, headers) && !isOriginAllowed(checker.settings, headers)) return FOREIGN;
  const checked = verify(checker, token);
  return checked instanceof Promise ? checked.then((read) => judged(read, via)) : judged(checked, via);
}

/** Whose token an `Authorization` header carries, where that is remembered: what is was good, and its form needs no second look. */
export function rememberedBy(checker: Checker, authorization: string | null): LiveCheck | null {
  if (!checker.memory.isInUse || !checker.settings.wire.key) return null;
  const token = usualToken(authorization);
  return token === null ? null : remembered(checker, token);
}

function judged(checked: Checked, via: 'header' | 'cookie'): Authenticated {
  return checked.live
    ? { live: true, checked, via }
    : { live: false, refusal: { kind: 'dead', refused: checked, via } };
}

/** Of a credential that is over, what is known of it. */
export function refusedIn(authenticated: Authenticated): Refused | null {
  return authenticated.live || authenticated.refusal.kind !== 'dead' ? null : authenticated.refusal.refused;
}

/** What a refused credential's holder is told, as the body of that answer in English. */
export function bodyOfRefusal(refusal: CredentialRefusal): Readonly<Record<string, unknown>> {
  return bodyOf(answerFor(refusal));
}

/** The answer to a credential that is no good: 401 as the recorded server has it, and why. */
export function refuseCredential(manner: Manner, refusal: CredentialRefusal): Response {
  return refuse(manner, answerFor(refusal));
}

/** The code of a refusal, as answers carry it. */
export function codeOfRefusal(refusal: CredentialRefusal): Code {
  return answerFor(refusal).code;
}

function answerFor(refusal: CredentialRefusal): RefusalAnswer {
  switch (refusal.kind) {
    case 'missing':
      return { code: 'not_authenticated' };
    case 'malformed':
      return { code: 'invalid_token', detail: refusal.detail };
    case 'foreign-origin':
      return { code: 'origin_not_allowed' };
    case 'dead': {
      const { code, at, by } = refusal.refused;
      const more = {
        ...(at !== null && { at: isoTime(at) }),
        ...(by !== null && { by: { device: by.name, class: by.class } }),
      };
      // Of a cookie that is over the recorded server says what it says of none; why it is over stands beside it.
      return { code, more, ...(refusal.via === 'cookie' && { english: texts.missing }) };
    }
  }
}
