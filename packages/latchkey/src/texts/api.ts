import type { FlawCode } from './catalogue.ts';
import type { Complaint } from './flaws.ts';

/**
 * What the API says, word for word as Django REST framework, Django and dj-rest-auth say it: clients compare these texts.
 * They stay English whatever `Accept-Language` says, as the recorded server's do, unless `django.apiLanguages` is set. What is
 * wrong with a field has a code beside its text, by which pages, and then the API, say it in their reader's language.
 */

function about(code: FlawCode, text: string, value?: number): Complaint {
  return value === undefined ? { code, text } : { code, text, value };
}

export const field = {
  required: about('required', 'This field is required.'),
  null: about('required', 'This field may not be null.'),
  blank: about('required', 'This field may not be blank.'),
  notAString: about('malformed', 'Not a valid string.'),
  nul: about('malformed', 'Null characters are not allowed.'),
  email: about('email_invalid', 'Enter a valid email address.'),
  maxLength: (max: number) => about('too_long', `Ensure this field has no more than ${max} characters.`, max),
  surrogate: (letter: string) =>
    about('malformed', `Surrogate characters are not allowed: U+${letter.charCodeAt(0).toString(16).toUpperCase()}.`),
} as const;

export const body = {
  tooManyFields: (max: number) => `A body may have no more than ${max} fields.`,
  jsonParseError: (why: string) => `JSON parse error - ${why}`,
  formParseError: (why: string) => `Form parse error - ${why}`,
  multipartParseError: (why: string) => `Multipart form parse error - ${why}`,
  notADictionary: (type: string) => `Invalid data. Expected a dictionary, but got ${type}.`,
  noData: 'No data provided',
  unsupportedMediaType: (type: string) => `Unsupported media type "${type}" in request.`,
  cutShort: 'The body ended before it was complete.',
  tooLarge: (maxBytes: number) => `Request body exceeds ${maxBytes} bytes.`,
} as const;

export const request = {
  notAcceptable: 'Could not satisfy the request Accept header.',
  notFound: 'Not found.',
  methodNotAllowed: (method: string) => `Method "${method}" not allowed.`,
  throttled: (seconds: number) =>
    `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? '' : 's'}.`,
  tooManyStreams: 'Too many event streams are open for this account.',
  originNotAllowed: 'CSRF Failed: Origin checking failed.',
} as const;

export const credential = {
  missing: 'Authentication credentials were not provided.',
  emptyHeader: 'Invalid token header. No credentials provided.',
  headerWithSpaces: 'Invalid token header. Token string should not contain spaces.',
  headerNotText: 'Invalid token header. Token string should not contain invalid characters.',
  invalid: 'Invalid token.',
  accountDisabled: 'User inactive or deleted.',
  proofWrong: 'Invalid DPoP proof.',
  proofNeeded: 'A DPoP proof is needed to sign in.',
  nonceNeeded: 'Use the nonce of DPoP-Nonce in the DPoP proof.',
  deviceProofWrong: 'Invalid proof of a device bound session.',
  deviceChallenge: 'Sign the challenge of Secure-Session-Challenge.',
  requestUnknown: 'This key is bound: its DPoP proof cannot be checked without the method and the URL of the request.',
} as const;

/** As djangorestframework-simplejwt says it. */
export const jwt = {
  malformedHeader: 'Authorization header must contain two space-delimited values',
  noGoodType: 'Given token not valid for any token type',
  inactive: 'User is inactive',
  gone: 'User not found',
  noAccount: 'No active account found for the given token.',
  noRefreshToken: 'No valid refresh token found.',
  invalid: 'Token is invalid',
  expired: 'Token is expired',
  wrong_type: 'Token has wrong type',
  over: 'Token is blacklisted',
} as const;

export const signIn = {
  invalid: 'Unable to log in with provided credentials.',
  emailNotVerified: 'E-mail is not verified.',
  mustIncludeUsername: about('required', 'Must include "username" and "password".'),
  mustIncludeEmail: about('required', 'Must include "email" and "password".'),
  mustIncludeEither: about('required', 'Must include either "username" or "email" and "password".'),
  oldTokenDeleted: 'Old Token Deleted',
  newTokenCreated: 'New Token Created',
} as const;

export const signOut = {
  done: 'Successfully logged out.',
  notSignedIn: 'You should be logged in to logout. Check whether the token is passed.',
} as const;

export const account = {
  usernameTaken: about('username_taken', 'A user with that username already exists.'),
  usernameInvalid: about(
    'username_invalid',
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  ),
  emailTaken: about('email_taken', 'User is already registered with this e-mail address.'),
  verificationSent: 'Verification e-mail sent.',
  emailVerified: 'ok',
  resendDone: 'ok',
  registrationClosed: 'Registration is closed.',
  invitationInvalid: about('invitation_void', 'Invalid value'),
} as const;

export const password = {
  mismatchAtRegistration: about('passwords_differ', "The two password fields didn't match."),
  mismatch: about('passwords_differ', 'The two password fields didn’t match.'),
  oldIncorrect: about('old_password_wrong', 'Your old password was entered incorrectly. Please enter it again.'),
  incorrect: about('password_wrong', 'Your password was entered incorrectly. Please enter it again.'),
  changed: 'New password has been saved.',
  resetSent: 'Password reset e-mail has been sent.',
  resetDone: 'Password has been reset with the new password.',
  invalidLink: about('link_void', 'Invalid value'),
  tooSimilar: (to: string) => about('password_similar', `The password is too similar to the ${to}.`),
  tooShort: (min: number) =>
    about(
      'password_short',
      `This password is too short. It must contain at least ${min} character${min === 1 ? '' : 's'}.`,
      min,
    ),
  tooCommon: about('password_common', 'This password is too common.'),
  numeric: about('password_numeric', 'This password is entirely numeric.'),
} as const;

export const secondStep = {
  ticketVoid: about('ticket_void', 'Invalid or expired token.'),
  codeWrong: about('code_wrong', 'Invalid code.'),
  codeWrongAtSetUp: about('code_wrong', 'Invalid code. Please check your authenticator app and try again.'),
  activationVoid: about('link_void', 'Invalid or expired activation token.'),
  activationOfAnother: about('link_void', 'Invalid activation token for this user.'),
  due: 'A second step is needed to sign in.',
  present: 'MFA is already enabled. Deactivate it before activating again.',
  absent: 'MFA is not enabled.',
  demanded: 'MFA is demanded of this account.',
  off: 'TOTP has been deactivated.',
  reauthenticate: 'Please prove again who you are.',
  reauthenticated: 'You have proved who you are.',
} as const;

export const chooseSession = {
  full: 'This account is signed in on as many devices as it may be.',
  choose: 'This account is signed in on as many devices as it may be. Choose which to sign out.',
  ticketVoid: about('ticket_void', 'Invalid or expired token.'),
  noList: 'Expected a list of session ids.',
  unknownClient: 'Unknown client.',
} as const;

export const device = {
  nameMalformed: about('malformed', 'Enter a valid name: visible characters, on one line.'),
  unnameable: about('device_unnameable', 'This session is of no device that could be named.'),
  notRemembered: about('malformed', 'May only be false.'),
} as const;

export const approval = {
  required: 'This account is signed in on as many devices as it may be. One of them has to let this one in.',
  declined: 'This sign-in was declined.',
  expired: 'This sign-in was not answered in time.',
  tooFew: 'Too few of the sessions that have to end.',
} as const;

export const signInByMail = {
  asked: 'If there is an account with this address, a mail is on its way to it.',
  ticketVoid: about('ticket_void', 'Invalid or expired token.'),
  tokenWrong: about('link_void', 'Invalid value'),
  codeWrong: about('mail_code_wrong', 'Invalid code.'),
} as const;

export const changeEmail = {
  asked: 'If this address can be used, a mail is on its way to it.',
  confirmed: 'E-mail address has been changed.',
  undone: 'The change of the e-mail address has been taken back.',
} as const;

export const notMe = {
  disowned: 'All devices have been signed out. Choose a new password.',
} as const;

export const passkey = {
  registrationExpired: about('passkey_void', 'Registration challenge has expired. Please start over.'),
  registrationWrong: about('passkey_wrong', 'Registration verification failed: this is not what was asked for.'),
  taken: about('passkey_taken', 'This credential is already registered.'),
  full: (max: number) => about('passkeys_full', `An account may have no more than ${max} passkeys.`, max),
  signInExpired: about('passkey_void', 'Authentication challenge has expired. Please start over.'),
  malformed: about('passkey_wrong', 'Invalid credential format.'),
  unknown: about('passkey_unknown', 'Credential not found.'),
  wrong: about('passkey_wrong', 'Authentication verification failed: this is not what was asked for.'),
  disabled: about('account_disabled', 'User account is disabled.'),
  /** What one is called that its owner gave no name. */
  usualName: 'Passkey',
  lastWayIn: 'This is the only way into the account. Set a password first.',
} as const;

export const social = {
  inputMissing: about('required', 'Incorrect input. access_token or code is required.'),
  incorrect: about('social_failed', 'Incorrect value'),
  exchangeFailed: about('social_failed', 'Failed to exchange code for access token'),
  callbackUnknown: about('malformed', 'Not among the callback URLs of this provider.'),
  emailMissing: about('social_no_email', 'The provider does not tell an e-mail address, and one is needed here.'),
  ofAnother: about('social_taken', 'This account is connected to another user already.'),
  lastWayIn: about('last_way_in', 'This is the last way to sign in. Set a password before it is removed.'),
} as const;

export const trouble = {
  busy: 'The server is busy. Please try again shortly.',
  ruleMismatch:
    'This server follows other session settings than the newest one and admits nobody until it is restarted.',
  storeUnavailable: 'The store cannot be reached. Please try again shortly.',
  internal: 'Something went wrong here. It was logged.',
} as const;
