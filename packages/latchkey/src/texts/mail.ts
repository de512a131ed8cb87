/**
 * What mails say. A subject names the site and nothing that a person typed: a name must not be able to write a subject line.
 * `site` is the host name that people know.
 */

export type MailKind =
  | 'verify-email'
  | 'reset-password'
  | 'password-changed'
  | 'address-in-use'
  | 'invitation'
  | 'second-step-reset';

type Words = { readonly site: string; readonly username: string };

type MailTexts = {
  readonly subject: (words: Words) => string;
  readonly lead: (words: Words) => string;
  /** The button, and what it does; the text part has the link after it. */
  readonly action: string;
  readonly note: (words: Words) => string;
};

export const mails: Readonly<Record<MailKind, MailTexts>> = {
  'verify-email': {
    subject: ({ site }) => `Confirm your e-mail address for ${site}`,
    lead: ({ site, username }) =>
      `The account ${username} on ${site} gave this e-mail address. If it is yours, confirm it:`,
    action: 'Confirm this address',
    note: () => 'If you know nothing of this, ignore this mail: nothing happens without you.',
  },
  'reset-password': {
    subject: ({ site }) => `Choose a new password for ${site}`,
    lead: ({ site, username }) =>
      `Somebody, most likely you, asked for a new password for the account ${username} on ${site}.`,
    action: 'Choose a new password',
    note: () =>
      'The link works once, and not for long. If you did not ask for it, ignore this mail: your password stays as it is.',
  },
  'password-changed': {
    subject: ({ site }) => `Your password for ${site} was changed`,
    lead: ({ site, username }) =>
      `The password of the account ${username} on ${site} has just been changed. Other devices were signed out.`,
    action: 'It was not me: choose a new password',
    note: () => 'If it was you, there is nothing to do.',
  },
  'address-in-use': {
    subject: ({ site }) => `You already have an account on ${site}`,
    lead: ({ site, username }) =>
      `Somebody, perhaps you, tried to sign up on ${site} with this e-mail address. It already belongs to your account ${username}.`,
    action: 'Choose a new password',
    note: () => 'If it was not you, ignore this mail: nothing has changed.',
  },
  invitation: {
    subject: ({ site }) => `You are invited to ${site}`,
    lead: ({ site }) => `You are invited to open an account on ${site}.`,
    action: 'Accept the invitation',
    note: () => 'The link works once.',
  },
  'second-step-reset': {
    subject: ({ site }) => `The second step of your sign-in on ${site} was removed`,
    lead: ({ site, username }) =>
      `An operator removed the second step of the account ${username} on ${site}. All devices were signed out.`,
    action: 'It was not asked for: choose a new password',
    note: () => 'If you asked for it, sign in and set the second step up again.',
  },
};
