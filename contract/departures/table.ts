/** Every departure, and how they are put to a step. */
import type { Expected } from '../answer.ts';
import { reasonOf } from '../reasons.ts';
import type { Situation } from '../situation.ts';
import { aftermath } from './aftermath.ts';
import {
  anyHost,
  browsableApi,
  closing,
  debugPage,
  jsonComplaint,
  noFailure,
  ownUsername,
  pages,
  slash,
} from './answers.ts';
import { bearer, cookieCredential, cookies, deadCredential, noBasic, originCheck } from './credentials.ts';
import type { Departure } from './departure.ts';
import { next, signOutPage } from './forms.ts';
import {
  anyCase,
  firstPassword,
  ownLink,
  passwordNotice,
  resendNobody,
  resetLink,
  storedAddress,
  unlistedEmail,
} from './mails.ts';
import { isRegular } from './regular.ts';
import { displaced, oneSession, ownKey, resetEnds } from './sessions.ts';
import { article, attempts, mandatoryDuplicate, typedPassword, undeliverable } from './sign-in.ts';
import { connectionNotice, lastWayIn, oauthOne, unwiredView } from './social.ts';
import { endedToken, forgivenRefresh, tokenSignOut } from './tokens.ts';

export const departures: readonly Departure[] = [
  ownKey,
  displaced,
  oneSession,
  resetEnds,
  article,
  bearer,
  deadCredential,
  cookieCredential,
  cookies,
  originCheck,
  noBasic,
  typedPassword,
  attempts,
  mandatoryDuplicate,
  undeliverable,
  resendNobody,
  unlistedEmail,
  anyCase,
  firstPassword,
  storedAddress,
  ownLink,
  passwordNotice,
  resetLink,
  ownUsername,
  closing,
  jsonComplaint,
  pages,
  browsableApi,
  slash,
  anyHost,
  debugPage,
  noFailure,
  next,
  signOutPage,
  oauthOne,
  unwiredView,
  lastWayIn,
  connectionNotice,
  tokenSignOut,
  endedToken,
  forgivenRefresh,
];

export type Ruled = {
  readonly expected: Expected;
  /** The rules that the expectation owes something to that was not recorded. */
  readonly departures: readonly string[];
};

/** What is expected of a step: as recorded, but for the departures that apply to it. */
export function ruled(situation: Situation): Ruled {
  const found = asAWhole(situation) ?? inParts(situation);
  return { ...found, expected: { ...found.expected, reason: reasonOf(situation, found.expected) } };
}

/** Another answer altogether: one rule's, or what follows from one that applied before. */
function asAWhole(situation: Situation): Ruled | null {
  const wholes = departures.flatMap(({ id, whole }) => {
    const expected = whole?.(situation) ?? null;
    return expected === null || isSame(expected, situation.recorded) ? [] : [{ id, expected }];
  });
  const [only, another] = wholes;
  if (another !== undefined) throw new Error(`Two departures claim one answer: ${only?.id} and ${another.id}.`);
  const found = only ?? aftermath(situation);
  return found === null || !isRegular(situation) ? null : { expected: found.expected, departures: [found.id] };
}

/** One part after the other. Each place of an answer is one rule's, but for the mails, which are a list. */
function inParts(situation: Situation): Ruled {
  const claims = new Map<string, string>();
  const found = new Set<string>();
  let expected = situation.recorded;
  for (const { id, parts } of departures) {
    const part = parts?.({ ...situation, recorded: expected }) ?? null;
    if (part === null || isSame({ ...expected, ...part }, expected)) continue;
    for (const place of Object.keys(part)) {
      const holder = claims.get(place);
      if (holder !== undefined && place !== 'mails')
        throw new Error(`Two departures claim the ${place}: ${holder} and ${id}.`);
      claims.set(place, id);
    }
    found.add(id);
    expected = { ...expected, ...part };
  }
  return { expected, departures: [...found] };
}

function isSame(one: Expected, other: Expected): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
