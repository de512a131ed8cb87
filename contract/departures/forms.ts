/** Departures of Django's own pages, `/login/` and `/logout/`. */
import { givenNext, localNext, promisedForm } from '../promise-of-forms.ts';
import type { Situation } from '../situation.ts';
import type { Departure } from './departure.ts';
import { PAGE } from './regular.ts';

/** `next` is a path on this origin: no address, not of this host either, nothing relative, and nothing that is read in two ways. */
export const next: Departure = {
  id: 'next',
  parts(situation) {
    const { asked, recorded } = situation;
    const isSentOn = asked.route === 'login-page' && asked.method === 'POST' && recorded.status === 302;
    // Where Django sends somebody is what was asked for, as it escapes it.
    if (!isSentOn || givenNext(situation) === '' || recorded.location !== askedByDjango(situation)) return null;
    const location = localNext(situation) ?? '/';
    return location === recorded.location ? null : { location };
  },
};

/** What `iri_to_uri` makes of it. */
function askedByDjango(situation: Situation): string {
  const escaped = encodeURI(givenNext(situation).toWellFormed());
  return escaped.replaceAll('%25', '%').replaceAll('%5B', '[').replaceAll('%5D', ']').replace(HOST, '<host>');
}

const HOST = /%3Chost(?:-escaped)?%3E/;

/** Looking at `/logout/` signs nobody out, and a sign-out leads on to a path on this origin, or nowhere. */
export const signOutPage: Departure = {
  id: 'sign-out-page',
  whole(situation) {
    const { asked, recorded } = situation;
    if (asked.route !== 'logout-page' || recorded.contentType !== PAGE) return null;
    // Django sends on to `next`, or, where that is unsafe, to where one is.
    const isSentOn =
      recorded.status === 302 && [askedByDjango(situation), asked.path].includes(recorded.location ?? '');
    if (asked.method === 'POST') return isSentOn ? promisedForm(situation) : null;
    const isLookedAt = asked.method === 'GET' || asked.method === 'HEAD';
    const isDone = isSentOn || (recorded.status === 200 && recorded.cookie.kind === 'cleared');
    return isLookedAt && isDone ? promisedForm(situation) : null;
  },
};
