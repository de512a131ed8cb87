/**
 * What the API says, word for word as Django REST framework, Django and dj-rest-auth say it: clients compare these texts.
 * They stay English whatever `Accept-Language` says, as the recorded server's do.
 */

export const field = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  blank: 'This field may not be blank.',
  notAString: 'Not a valid string.',
  nul: 'Null characters are not allowed.',
  email: 'Enter a valid email address.',
  maxLength: (max: number) => `Ensure this field has no more than ${max} characters.`,
  surrogate: (letter: string) =>
    `Surrogate characters are not allowed: U+${letter.charCodeAt(0).toString(16).toUpperCase()}.`,
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
} as const;

export const signIn = {
  invalid: 'Unable to log in with provided credentials.',
  emailNotVerified: 'E-mail is not verified.',
  mustIncludeUsername: 'Must include "username" and "password".',
  mustIncludeEmail: 'Must include "email" and "password".',
  mustIncludeEither: 'Must include either "username" or "email" and "password".',
  oldTokenDeleted: 'Old Token Deleted',
  newTokenCreated: 'New Token Created',
} as const;

export const signOut = {
  done: 'Successfully logged out.',
  notSignedIn: 'You should be logged in to logout. Check whether the token is passed.',
} as const;

export const account = {
  usernameTaken: 'A user with that username already exists.',
  usernameInvalid: 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  emailTaken: 'User is already registered with this e-mail address.',
  verificationSent: 'Verification e-mail sent.',
  emailVerified: 'ok',
  resendDone: 'ok',
  registrationClosed: 'Registration is closed.',
  invitationInvalid: 'Invalid value',
} as const;

export const password = {
  mismatchAtRegistration: "The two password fields didn't match.",
  mismatch: 'The two password fields didn’t match.',
  oldIncorrect: 'Your old password was entered incorrectly. Please enter it again.',
  incorrect: 'Your password was entered incorrectly. Please enter it again.',
  changed: 'New password has been saved.',
  resetSent: 'Password reset e-mail has been sent.',
  resetDone: 'Password has been reset with the new password.',
  invalidLink: 'Invalid value',
  tooSimilar: (to: string) => `The password is too similar to the ${to}.`,
  tooShort: (min: number) =>
    `This password is too short. It must contain at least ${min} character${min === 1 ? '' : 's'}.`,
  tooCommon: 'This password is too common.',
  numeric: 'This password is entirely numeric.',
} as const;

export const trouble = {
  busy: 'The server is busy. Please try again shortly.',
  ruleMismatch:
    'This server follows other session settings than the newest one and admits nobody until it is restarted.',
  storeUnavailable: 'The store cannot be reached. Please try again shortly.',
  internal: 'Something went wrong here. It was logged.',
} as const;
