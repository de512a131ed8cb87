import type { Code } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import { type Checked, type Checker, type Refused, verify } from '../sessions/verify.ts';
import { credential as texts } from '../texts/api.ts';
import { bodyOf, type Manner, type RefusalAnswer, refuse } from './answers.ts';
import { type HeaderSource, presentedCredential } from './credential.ts';
import { isOriginAllowed, isSafe } from './origin.ts';
import { isoTime } from './time.ts';

/** What a request's credential amounts to. */
export type Authenticated =
  | { readonly live: true; readonly checked: Extract<Checked, { live: true }>; readonly via: 'header' | 'cookie' }
  | { readonly live: false; readonly refusal: CredentialRefusal };

export type CredentialRefusal =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'dead'; readonly refused: Refused; readonly via: 'header' | 'cookie' }
  /** A cookie on a request that another site made the browser send. */
  | { readonly kind: 'foreign-origin' };

const MISSING: Authenticated = { live: false, refusal: { kind: 'missing' } };
const FOREIGN: Authenticated = { live: false, refusal: { kind: 'foreign-origin' } };

/** Where a request's credential is; a `Request` is one. */
export type CredentialSource = { readonly method: string; readonly headers: HeaderSource };

/** Who is behind a request? A cookie counts on a request that does more than look only where its origin is one of ours. */
export function authenticate(checker: Checker, request: CredentialSource): Authenticated | Promise<Authenticated> {
  const presented = presentedCredential(checker.settings, request.headers);
  if (presented.kind === 'none') return MISSING;
  if (presented.kind === 'malformed') return { live: false, refusal: presented };
  const { token, via } = presented;
  if (via === 'cookie' && !isAllowed(checker.settings, request)) return FOREIGN;
  const checked = verify(checker, token);
  return checked instanceof Promise ? checked.then((known) => outcome(known, via)) : outcome(checked, via);
}

function isAllowed(settings: Settings, { method, headers }: CredentialSource): boolean {
  return isSafe(method, headers) || isOriginAllowed(settings, headers);
}

function outcome(checked: Checked, via: 'header' | 'cookie'): Authenticated {
  return checked.live
    ? { live: true, checked, via }
    : { live: false, refusal: { kind: 'dead', refused: checked, via } };
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
