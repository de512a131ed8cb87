/** Departures in what is mailed, to whom, and in what a mailed link is good for. */
import { type ExpectedMail, isFieldErrors } from '../answer.ts';
import { fieldOf } from '../asked.ts';
import { promised } from '../promise.ts';
import { notice, type Situation } from '../situation.ts';
import type { KnownAccount } from '../world.ts';
import type { Departure } from './departure.ts';

/** Nobody is mailed where no address was given. */
export const resendNobody: Departure = {
  id: 'resend-nobody',
  parts({ asked, recorded, world }) {
    const isAsked = asked.route === 'resend-email' && recorded.status === 200 && !asked.fields.has('email');
    const [first] = world.accounts.filter(({ isListed }) => isListed);
    const isFirst = recorded.mails.length === 1 && recorded.mails[0]?.to === first?.email && !first?.isVerified;
    return isAsked && isFirst ? { mails: [] } : null;
  },
};

/** An address that stands in a user's own row alone is one that waits to be verified. */
export const unlistedEmail: Departure = {
  id: 'unlisted-email',
  parts(situation) {
    const { asked, recorded, world } = situation;
    if (asked.route !== 'resend-email' || recorded.status !== 200 || recorded.mails.length > 0) return null;
    const mails = promised(situation)?.mails ?? [];
    const isUnlisted = mails.every(({ to }) => world.byEmail(to).some(({ isListed }) => !isListed));
    return mails.length > 0 && isUnlisted ? { mails } : null;
  },
};

/** An address is the same in capital letters and in small ones. */
export const anyCase: Departure = {
  id: 'any-case',
  parts(situation) {
    const { asked, recorded, world } = situation;
    const isNone = asked.route === 'resend-email' && recorded.status === 200 && recorded.mails.length === 0;
    const typed = fieldOf(asked, 'email');
    const mails = isNone ? (promised(situation)?.mails ?? []) : [];
    const isListed = mails.every(({ to }) => to !== typed && world.byEmail(to).every((account) => account.isListed));
    return mails.length > 0 && isListed ? { mails } : null;
  },
};

/** Mails go to the address that is kept, never to the one that was typed. */
export const storedAddress: Departure = {
  id: 'stored-address',
  parts({ recorded, world }) {
    const stored = (mail: ExpectedMail): string => {
      const [account] = world.byEmail(mail.to);
      return account?.email ?? mail.to;
    };
    const isApart = recorded.mails.some((mail) => stored(mail) !== mail.to);
    return isApart ? { mails: recorded.mails.map((mail) => ({ ...mail, to: stored(mail) })) } : null;
  },
};

/** Each mail has a link of its own; Django's are one and the same within a second. */
export const ownLink: Departure = {
  id: 'own-link',
  parts({ recorded, placeholders }) {
    const isKnown = ({ secret }: ExpectedMail): boolean => secret !== null && placeholders.isBound(secret);
    if (!recorded.mails.some(isKnown)) return null;
    const mails = recorded.mails.map((mail) => (isKnown(mail) ? { ...mail, secret: placeholders.make('link') } : mail));
    return { mails };
  },
};

/** Whoever has no password can set one by a mailed link, without allauth as with it. */
export const firstPassword: Departure = {
  id: 'first-password',
  parts(situation) {
    const { asked, profile, recorded, world } = situation;
    const isNone = recorded.status === 200 && recorded.mails.length === 0 && !profile.hasAllauth;
    const mails = asked.route === 'password-reset' && isNone ? (promised(situation)?.mails ?? []) : [];
    const isFirst = mails.every(({ to }) => world.byEmail(to).every(({ password }) => password.kind === 'none'));
    return mails.length > 0 && isFirst ? { mails } : null;
  },
};

/** Whoever has an address is told of a new password. */
export const passwordNotice: Departure = {
  id: 'password-notice',
  parts(situation) {
    const { recorded } = situation;
    const account = recorded.status === 200 ? ownerOfNewPassword(situation) : null;
    const mails = account === null ? [] : notice('password-changed', account);
    return mails.length > 0 ? { mails: [...recorded.mails, ...mails] } : null;
  },
};

/** Whose password a request sets, where it does. */
export function ownerOfNewPassword({ asked, caller, world, placeholders }: Situation): KnownAccount | null {
  if (asked.method !== 'POST') return null;
  if (asked.route === 'password-change') return caller.kind === 'live' ? caller.account : null;
  const token = asked.route === 'reset-confirm' ? asked.fields.get('token') : null;
  const link = typeof token === 'string' ? world.link('reset-password', placeholders.fill(token)) : null;
  return link === null ? null : world.byId(link.accountId);
}

/** A sign-in does not void the links that an account's owner was mailed: whoever has the password could keep them away for ever. */
export const resetLink: Departure = {
  id: 'reset-link',
  whole(situation) {
    const { asked, recorded, world, placeholders } = situation;
    const token = asked.fields.get('token');
    if (asked.route !== 'reset-confirm' || typeof token !== 'string') return null;
    const link = world.link('reset-password', placeholders.fill(token));
    const isVoid = link?.isGood === true && link.isVoidInDjango;
    return isVoid && isFieldErrors(recorded, { token: 'Invalid value' }) ? promised(situation) : null;
  },
};
