/** Departures of those who come in, of those who try, and of those who sign up. */
import { isAlike, isFieldErrors } from '../answer.ts';
import { fieldOf, isOpen, isSignIn, typedField } from '../asked.ts';
import { isObject } from '../json.ts';
import { promised } from '../promise.ts';
import { claimOf, isUndeliverable, promisedSignIn, whoseSignIn } from '../promise-of-entry.ts';
import { promisedSignInByForm } from '../promise-of-forms.ts';
import { instead, type Situation } from '../situation.ts';
import { MOST_MAILS } from '../world.ts';
import type { Departure } from './departure.ts';

const WRONG = { non_field_errors: 'Unable to log in with provided credentials.' };

/** The article's view fails where there is no key to delete, and says that it deleted one whether or not it mattered. */
export const article: Departure = {
  id: 'article',
  whole(situation) {
    const { asked, profile, recorded } = situation;
    const isBroken = recorded.status === 500 && recorded.body.kind === 'page' && !profile.isDebugging;
    return asked.route === 'signin' && isBroken && asked.hasSlash ? promised(situation) : null;
  },
  parts(situation) {
    const { asked, recorded } = situation;
    const told = asked.route === 'signin' && recorded.status === 200 ? promised(situation) : null;
    if (told?.body.kind !== 'json' || recorded.body.kind !== 'json') return null;
    const [ours, theirs] = [told.body.value, recorded.body.value];
    if (!isObject(ours) || !isObject(theirs) || theirs['message'] !== 'Old Token Deleted') return null;
    if (ours['message'] === theirs['message'] || ours['message'] === undefined) return null;
    return { body: { kind: 'json', value: { ...theirs, message: ours['message'] } } };
  },
};

/** A right password in another form: with outer white space, or in another Unicode form. */
export const typedPassword: Departure = {
  id: 'typed-password',
  whole(situation) {
    const { asked, recorded } = situation;
    const isWrong = isSignIn(asked.route) ? isFieldErrors(recorded, WRONG) : isShownAgain(situation);
    const claim = isWrong ? claimOf(situation) : null;
    const account = claim === null ? null : whoseSignIn(situation, claim);
    if (account === null || account === 'unknown' || account.password.kind !== 'text') return null;
    // Django takes outer white space off, but at its own `api/token/`, and then compares letter by letter.
    const isAsTyped = asked.route === 'token' || asked.route === 'login-page';
    const typed = isAsTyped ? typedField(asked, 'password') : fieldOf(asked, 'password');
    const told = account.password.text === typed ? null : promised(situation);
    const isIn = told !== null && told.status === (asked.route === 'login-page' ? 302 : 200);
    return isIn || (told !== null && told.status === 204) ? told : null;
  },
};

/** The page of a sign-in that did not succeed: the form again. */
function isShownAgain({ asked, recorded }: Situation): boolean {
  const isPosted = asked.route === 'login-page' && asked.method === 'POST';
  return isPosted && recorded.status === 200 && recorded.body.kind === 'page';
}

/** Attempts are counted, and so are mails that anybody can ask for. */
export const attempts: Departure = {
  id: 'attempts',
  whole(situation) {
    const { route, method } = situation.asked;
    const isByForm = route === 'login-page' && method === 'POST';
    if (!(isSignIn(route) || isByForm) || situation.recorded.status === 429) return null;
    const told = promised(situation);
    const promisedIn = isByForm ? promisedSignInByForm : promisedSignIn;
    const unlimited = promisedIn(situation, { isUnlimited: true });
    const isSame = unlimited !== null && isAlike(unlimited, situation.recorded);
    return told?.status === 429 && isSame ? told : null;
  },
  parts({ asked, recorded, world }) {
    const isMailed = asked.route === 'password-reset' || asked.route === 'resend-email';
    const sent = world.mailsTo.get((fieldOf(asked, 'email') ?? '').toLowerCase()) ?? 0;
    return isMailed && recorded.mails.length > 0 && sent >= MOST_MAILS ? { mails: [] } : null;
  },
};

const TAKEN = 'User is already registered with this e-mail address.';

/** With mandatory verification nobody is told that an address has an owner: the owner is. */
export const mandatoryDuplicate: Departure = {
  id: 'mandatory-duplicate',
  whole(situation) {
    const { asked, profile, recorded, world } = situation;
    const isOwned = world.byEmail(fieldOf(asked, 'email') ?? '').some(({ isVerified }) => isVerified);
    if (asked.route !== 'registration' || profile.emailVerification !== 'mandatory' || !isOwned) return null;
    if (isFieldErrors(recorded, { email: TAKEN })) return promised(situation);
    const errors = recorded.status === 400 && recorded.body.kind === 'json' ? recorded.body.value : null;
    if (!isObject(errors) || JSON.stringify(errors['email']) !== JSON.stringify([TAKEN])) return null;
    // What else is wrong is told, as for any address.
    const { email: _, ...others } = errors;
    return instead(situation, { status: 400, json: others });
  },
};

/** An address that no mail can be sent to is refused; Django takes it, and allauth cuts what is too long. */
export const undeliverable: Departure = {
  id: 'undeliverable',
  whole(situation) {
    const { asked, recorded } = situation;
    const isAsked = asked.method === 'POST' && isOpen(asked.route) && isUndeliverable(fieldOf(asked, 'email') ?? '');
    const fields = new Map(asked.fields).set('email', 'deliverable@example.com');
    const told = isAsked ? promised({ ...situation, asked: { ...asked, fields } }) : null;
    const isTaken = told !== null && isAlike(told, recorded) && told.mails.length === recorded.mails.length;
    return isTaken ? instead(situation, { status: 400, json: { email: ['Enter a valid email address.'] } }) : null;
  },
};
