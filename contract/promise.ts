/**
 * What Latchkey promises to answer, for the kinds of steps at which it may answer otherwise than Django did: worked out from the
 * request and from what should be so, in a few lines of each rule, and never by asking the server. null where nothing is promised
 * here, because the recording says it all.
 */
import type { Expected, ExpectedMail } from './answer.ts';
import { fieldOf, isSignIn } from './asked.ts';
import { promisedRegistration, promisedSignIn } from './promise-of-entry.ts';
import { promisedForm } from './promise-of-forms.ts';
import { promisedSignOutByToken, promisedToken } from './promise-of-tokens.ts';
import { instead, notice, ownView, refuse, type Situation } from './situation.ts';
import { type KnownAccount, MOST_MAILS } from './world.ts';

export function promised(situation: Situation): Expected | null {
  const { asked } = situation;
  if (isSignIn(asked.route)) return asked.method === 'POST' ? promisedSignIn(situation) : notAllowed(situation);
  switch (asked.route) {
    case 'registration':
      return asked.method === 'POST' ? promisedRegistration(situation) : notAllowed(situation);
    case 'logout':
      return promisedSignOut(situation);
    case 'whoami':
    case 'user':
    case 'password-change':
      return situation.caller.kind === 'live'
        ? promisedToOwner(situation, situation.caller.account)
        : refuse(situation);
    case 'social-connect':
    case 'social-list':
    case 'social-disconnect':
      return situation.caller.kind === 'live' ? null : refuse(situation);
    case 'home':
      return promisedHome(situation);
    case 'login-page':
    case 'logout-page':
      return promisedForm(situation);
    case 'password-reset':
    case 'resend-email':
      return promisedMails(situation);
    case 'reset-confirm':
      return promisedReset(situation);
    case 'verify-email':
      return promisedVerification(situation);
    case 'token-verify':
    case 'token-refresh':
      return promisedToken(situation);
    default:
      return null;
  }
}

/** To a method that a route does not have; `OPTIONS` all of them have, and say what was recorded where it was asked. */
function notAllowed(situation: Situation): Expected {
  const { method } = situation.asked;
  if (method === 'OPTIONS') return instead(situation, { status: 200, body: { kind: 'some-json' } });
  return instead(situation, { status: 405, json: { detail: `Method "${method}" not allowed.` } });
}

function promisedSignOut(situation: Situation): Expected | null {
  const { asked, profile, caller, hasCookie } = situation;
  const isSigningOut = asked.method === 'POST' || (profile.signsOutOnGet && /^(?:GET|HEAD)$/.test(asked.method));
  if (!isSigningOut) return notAllowed(situation);
  if (profile.jwt !== null) return promisedSignOutByToken(situation, profile.jwt);
  if (caller.kind !== 'live' && !profile.hasCookies) {
    const detail = 'You should be logged in to logout. Check whether the token is passed.';
    return instead(situation, { status: 400, json: { detail } });
  }
  return instead(situation, {
    status: 200,
    json: { detail: 'Successfully logged out.' },
    cookie: { kind: hasCookie ? 'cleared' : 'untouched' },
  });
}

function promisedToOwner(situation: Situation, account: KnownAccount): Expected | null {
  const { route, method } = situation.asked;
  const isRead = method === 'GET' || method === 'HEAD';
  if (route === 'whoami' && (isRead || method === 'POST')) {
    return instead(situation, { status: 200, json: { pk: account.id, username: account.username } });
  }
  if (route === 'user' && isRead) return instead(situation, { status: 200, json: ownView(account) });
  if (route === 'password-change' && method === 'POST') return promisedChange(situation, account);
  return route === 'user' && /^(?:PUT|PATCH|DELETE)$/.test(method) ? null : notAllowed(situation);
}

function promisedHome(situation: Situation): Expected {
  const { carried } = situation;
  const name = carried.kind === 'live' ? carried.account.username : 'anonymous';
  const body = { kind: 'text', text: `home of ${name}` } as const;
  return { ...instead(situation, { status: 200, body }), contentType: 'text/plain' };
}

/** Two equal passwords that no rule has anything against; what is weak was recorded where it was tried. */
function newPassword({ asked }: Situation): string | null {
  const [first, second] = [fieldOf(asked, 'new_password1'), fieldOf(asked, 'new_password2')];
  const isStrong =
    first !== null && first.length >= 8 && first.length <= 128 && /[a-z]/i.test(first) && /\d/.test(first);
  return isStrong && first === second ? first : null;
}

function promisedChange(situation: Situation, account: KnownAccount): Expected | null {
  const { profile, caller } = situation;
  if (newPassword(situation) === null || !isOldShown(situation, account)) return null;
  const isEnded = profile.endsOwnSession && caller.kind === 'live' && caller.scheme === 'cookie';
  return instead(situation, {
    status: 200,
    json: { detail: 'New password has been saved.' },
    cookie: { kind: isEnded ? 'cleared' : 'untouched' },
    mails: notice('password-changed', account),
  });
}

/** Whether the old password is right, where it is asked for at all; what is wrong was recorded where it was tried. */
function isOldShown({ asked, profile }: Situation, { password }: KnownAccount): boolean {
  return !profile.asksOldPassword || (password.kind === 'text' && fieldOf(asked, 'old_password') === password.text);
}

function promisedReset(situation: Situation): Expected | null {
  const { asked, world, placeholders } = situation;
  const link = world.link('reset-password', placeholders.fill(fieldOf(asked, 'token') ?? ''));
  const account = link === null ? null : world.byId(link.accountId);
  if (link?.isGood !== true || account === null || newPassword(situation) === null) return null;
  return instead(situation, {
    status: 200,
    json: { detail: 'Password has been reset with the new password.' },
    mails: notice('password-changed', account),
  });
}

function promisedVerification(situation: Situation): Expected | null {
  const { asked, world, placeholders } = situation;
  if (asked.method !== 'POST') return notAllowed(situation);
  const key = fieldOf(asked, 'key');
  if (key === null || key === '') return null;
  const isGood = world.link('verify-email', placeholders.fill(key))?.isGood === true;
  return isGood
    ? instead(situation, { status: 200, json: { detail: 'ok' }, verified: 1 })
    : instead(situation, { status: 404, json: { detail: 'Not found.' } });
}

/** Mails go to accounts that have the address and are meant, at the address as it is kept, and not too many in an hour. */
function promisedMails(situation: Situation): Expected | null {
  const { asked, world, recorded } = situation;
  if (asked.method !== 'POST') return notAllowed(situation);
  const isReset = asked.route === 'password-reset';
  const email = fieldOf(asked, 'email');
  if (isReset ? email === null || !email.includes('@') : asked.fields.has('email') && email === null) return null;
  const isWithin = (world.mailsTo.get((email ?? '').toLowerCase()) ?? 0) < MOST_MAILS;
  const named = email === null || !isWithin ? [] : world.byEmail(email);
  const meant = named.filter(({ isActive, isVerified }) => isActive && (isReset || !isVerified));
  const mails = meant.map((account, index): ExpectedMail => {
    const known = recorded.mails[index];
    const kind = isReset ? 'reset-password' : 'verify-email';
    return { kind, to: account.email, secret: known?.secret ?? null, uid: known?.uid ?? null };
  });
  return instead(situation, {
    status: 200,
    json: { detail: isReset ? 'Password reset e-mail has been sent.' : 'ok' },
    mails,
  });
}
