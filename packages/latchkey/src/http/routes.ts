/**
 * Every path of the API: what it is called, who may ask, with which methods and fields, and who answers. Names, descriptions
 * and fields are what the recorded server answers to `OPTIONS`.
 */
import { LONGEST_LABEL } from '../model/device.ts';
import type { Settings } from '../model/settings.ts';
import type { Route } from './call.ts';
import { email, type Field, json, text } from './fields.ts';
import * as account from './handlers/account.ts';
import * as events from './handlers/events.ts';
import * as password from './handlers/password.ts';
import * as registration from './handlers/registration.ts';
import * as sessions from './handlers/sessions.ts';
import * as signIn from './handlers/sign-in.ts';
import * as signOut from './handlers/sign-out.ts';
import { JSON_ONLY, STREAM } from './negotiate.ts';
import { REFRESH_PATH, REGISTER_PATH } from './session-offer.ts';

// Loaded with their first request: whoever does without them waits for none of them at the start.
const dbsc = () => import('./handlers/dbsc.ts');
const approvals = () => import('./handlers/approvals.ts');
const choosing = () => import('./handlers/choose.ts');
const passkeys = () => import('./handlers/passkeys.ts');
const mailSignIn = () => import('./handlers/mail-sign-in.ts');
const again = () => import('./handlers/reauthenticate.ts');
const secondStep = () => import('./handlers/second-step.ts');
const notMe = () => import('./handlers/not-me.ts');
const social = () => import('./handlers/social.ts');
const emails = () => import('./handlers/email.ts');
const tokens = () => import('./handlers/token.ts');
const endedSessions = () => import('./handlers/ended-sessions.ts');

const POST = 'POST, OPTIONS';
const GET = 'GET, HEAD, OPTIONS';

const credentials: readonly Field[] = [
  text('username', { isRequired: false, mayBeBlank: true }),
  email('email', { isRequired: false, mayBeBlank: true }),
  text('password', { whiteSpace: 'kept' }),
];

const newPasswords: readonly Field[] = [
  text('new_password1', { maxLength: 128, label: 'New password1' }),
  text('new_password2', { maxLength: 128, label: 'New password2' }),
];

/** Six digits, or a recovery code, with whatever stands between its letters. */
const code = text('code', { maxLength: 64 });

/** How its owner calls a passkey. */
const passkeyName = text('name', { isRequired: false, mayBeBlank: true, maxLength: 100 });

const NAME_LENGTH = 150;
const USERNAME_HELP = 'Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.';

const userFields: readonly Field[] = [
  { ...text('pk', { label: 'ID', isRequired: false }), type: 'integer', isReadOnly: true },
  text('username', { maxLength: NAME_LENGTH, helpText: USERNAME_HELP }),
  { ...email('email', { label: 'Email address', isRequired: false }), isReadOnly: true },
  text('first_name', { isRequired: false, mayBeBlank: true, maxLength: NAME_LENGTH, label: 'First name' }),
  text('last_name', { isRequired: false, mayBeBlank: true, maxLength: NAME_LENGTH, label: 'Last name' }),
];

const registrationFields = ({ accounts }: Settings): readonly Field[] => [
  text('username', { minLength: 1, maxLength: NAME_LENGTH }),
  email('email', { isRequired: accounts.emailRequired }),
  text('password1'),
  text('password2'),
  text('invitation', { isRequired: false, ...(accounts.registration !== 'invited' && { isUnlisted: true }) }),
];

const passwordChangeFields = ({ wire }: Settings): readonly Field[] => [
  ...(wire.oldPasswordField
    ? [text('old_password', { maxLength: 128, label: 'Old password', whiteSpace: 'kept' })]
    : []),
  ...newPasswords,
];

/** What a provider gave to a client. Beside it a client may say `code_verifier`, `callback_url`, `nonce` and `invitation`. */
const brought: readonly Field[] = ['access_token', 'code', 'id_token'].map((name) =>
  text(name, { isRequired: false, mayBeBlank: true }),
);

/** Of what gives a key and nothing beside it. */
const givesKeys = ({ wire }: Settings): boolean => wire.key;
const hasTokens = ({ jwt }: Settings): boolean => jwt !== null;

/** As dj-rest-auth describes them, its slip of the pen included. */
const refreshFields: readonly Field[] = [
  text('refresh', { isRequired: false, helpText: 'WIll override cookie.' }),
  { ...text('access', { isRequired: false }), isReadOnly: true },
];

const connections: Route = {
  path: '/social/accounts/',
  name: 'Social Account List',
  description: 'The accounts at other providers that this account signs in with.',
  access: 'signed-in',
  allow: GET,
  fields: () => ({}),
  isThrottled: true,
  methods: { GET: async (call) => (await social()).list(call) },
};

const disconnect: Route = {
  path: '/social/accounts/:number/disconnect/',
  name: 'Social Account Disconnect',
  description: 'Takes a connected account away.',
  access: 'signed-in',
  allow: POST,
  fields: () => ({}),
  isThrottled: true,
  methods: { POST: async (call) => (await social()).disconnect(call) },
};

const login: Route = {
  path: '/login/',
  name: 'Login',
  description:
    "Check the credentials and return the REST Token\nif the credentials are valid and authenticated.\nCalls Django Auth login method to register User ID\nin Django session framework\n\nAccept the following POST parameters: username, password\nReturn the REST Framework Token Object's key.",
  access: 'anyone',
  allow: POST,
  fields: () => ({ POST: credentials }),
  describes: 'POST',
  isThrottled: true,
  methods: { POST: signIn.login },
};

/** Under the base path. */
export const routes: readonly Route[] = [
  login,
  {
    ...login,
    path: '/signin/',
    name: 'Custom Auth Token',
    description: "The article's view, as given in the brief.",
    access: 'anyone',
    isOn: givesKeys,
    methods: { POST: signIn.articleSignIn },
  },
  {
    path: '/logout/',
    name: 'Logout',
    description:
      'Calls Django logout method and delete the Token object\nassigned to the current User object.\n\nAccepts/Returns nothing.',
    access: 'anyone',
    allow: 'GET, POST, HEAD, OPTIONS',
    fields: () => ({}),
    isThrottled: true,
    methods: { GET: signOut.logoutOnGet, POST: signOut.logout },
  },
  {
    path: '/user/',
    name: 'User Details',
    description:
      'Reads and updates UserModel fields\nAccepts GET, PUT, PATCH methods.\n\nDefault accepted fields: username, first_name, last_name\nDefault display fields: pk, username, email, first_name, last_name\nRead-only fields: pk, email\n\nReturns UserModel fields.',
    access: 'signed-in',
    allow: 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS',
    fields: () => ({
      PUT: userFields,
      PATCH: userFields,
      DELETE: [text('password', { isRequired: false, whiteSpace: 'kept' })],
    }),
    describes: 'PUT',
    isThrottled: false,
    methods: { GET: account.readUser, PUT: account.updateUser, PATCH: account.updateUser, DELETE: account.closeUser },
  },
  {
    path: '/user/email/',
    name: 'E-mail Change',
    description: 'Mails a link to a new address, which is the account’s once it is confirmed by it.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: [email('email')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await emails()).ask(call) },
  },
  {
    path: '/user/email/confirm/',
    name: 'E-mail Change Confirm',
    description: 'Confirms a new address by the key that was mailed to it.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('key')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await emails()).confirm(call) },
  },
  {
    path: '/user/email/undo/',
    name: 'E-mail Change Undo',
    description:
      'Gives an account its former address back, by the key that was mailed to it, and signs all devices out.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('key')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await emails()).undo(call) },
  },
  {
    path: '/user/export/',
    name: 'Data Export',
    description: 'All that is kept about this account, as a file.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: account.exportUser },
  },
  {
    path: '/password/change/',
    name: 'Password Change',
    description:
      'Calls Django Auth SetPasswordForm save method.\n\nAccepts the following POST parameters: new_password1, new_password2\nReturns the success/fail message.',
    access: 'signed-in',
    allow: POST,
    fields: (settings) => ({ POST: passwordChangeFields(settings) }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: password.change },
  },
  {
    path: '/password/reset/',
    name: 'Password Reset',
    description:
      'Calls Django Auth PasswordResetForm save method.\n\nAccepts the following POST parameters: email\nReturns the success/fail message.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [email('email')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: password.requestReset },
  },
  {
    path: '/password/reset/confirm/',
    name: 'Password Reset Confirm',
    description:
      "Password reset e-mail link is confirmed, therefore\nthis resets the user's password.\n\nAccepts the following POST parameters: token, uid,\n    new_password1, new_password2\nReturns the success/fail message.",
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [...newPasswords, text('uid'), text('token')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: password.confirmReset },
  },
  {
    path: '/not-me/',
    name: 'Not Me',
    description:
      'For whoever was mailed of a session that is not theirs: by the key of that mail every session ends, and the answer is what sets a new password.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('key')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await notMe()).disown(call) },
  },
  {
    path: '/registration/',
    name: 'Register',
    description:
      'Registers a new user.\n\nAccepts the following POST parameters: username, email, password1, password2.',
    access: 'anyone',
    allow: POST,
    fields: (settings) => ({ POST: registrationFields(settings) }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: registration.register },
  },
  {
    path: '/registration/verify-email/',
    name: 'Verify Email',
    description: 'Verifies the email associated with the provided key.\n\nAccepts the following POST parameter: key.',
    access: 'anyone',
    allow: 'POST, OPTIONS, HEAD',
    fields: () => ({ POST: [text('key')] }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: registration.verify },
  },
  {
    path: '/registration/resend-email/',
    name: 'Resend Email Verification',
    description: 'Resends another email to an unverified email.\n\nAccepts the following POST parameter: email.',
    access: 'anyone',
    allow: POST,
    fields: ({ accounts }) => ({ POST: [email('email', { isRequired: accounts.emailRequired })] }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: registration.resend },
  },
  {
    path: '/magic-link/',
    name: 'Magic Link',
    description: 'Mails a link and a code that sign in, each together with the ticket that this answers.',
    access: 'anyone',
    allow: POST,
    isOn: ({ accounts }) => accounts.signInByMail,
    fields: () => ({ POST: [email('email')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await mailSignIn()).ask(call) },
  },
  {
    path: '/magic-link/confirm/',
    name: 'Magic Link Confirm',
    description: 'Signs in by the ticket of whoever asked, and what the mail said: the token of its link, or its code.',
    access: 'anyone',
    allow: POST,
    isOn: ({ accounts }) => accounts.signInByMail,
    fields: () => ({
      POST: [text('ticket'), text('token', { isRequired: false }), { ...code, isRequired: false }],
    }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await mailSignIn()).confirm(call) },
  },
  {
    path: '/login/second-step/',
    name: 'Second Step',
    description:
      'The second of two steps of signing in: the ticket of the first, and a code, or what a passkey signed.',
    access: 'anyone',
    allow: POST,
    fields: () => ({
      POST: [
        text('ticket'),
        { ...code, isRequired: false },
        text('activation_token', { isRequired: false }),
        json('credential', { isRequired: false }),
        text('session_id', { isRequired: false }),
      ],
    }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await secondStep()).show(call) },
  },
  {
    path: '/login/choose/',
    name: 'Choose Sessions',
    description:
      'For a sign-in that found no place: its ticket, and the ids of the sessions in the place of which it signs in.',
    access: 'anyone',
    allow: POST,
    isOn: ({ sessions: { whenFull } }) => whenFull === 'ask',
    fields: () => ({ POST: [text('ticket'), json('end')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await choosing()).choose(call) },
  },
  {
    path: '/login/approval/',
    name: 'Login Approval',
    description: 'For a sign-in that has to be let in: its ticket. Asked again until there is an answer.',
    access: 'anyone',
    allow: POST,
    isOn: isApproving,
    fields: () => ({ POST: [text('ticket')] }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: async (call) => (await approvals()).wait(call) },
  },
  {
    path: '/login/second-step/set-up/',
    name: 'Second Step Set-Up',
    description:
      'For a sign-in that needs a second step which its account does not have: what an authenticator app needs.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('ticket')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await secondStep()).setUpAtSignIn(call) },
  },
  {
    path: '/login/second-step/passkey/',
    name: 'Second Step By Passkey',
    description:
      'For a sign-in that waits: what its passkeys are asked to sign. A browser brings the ticket as a cookie.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('ticket', { isRequired: false })] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).beginSecondStep(call) },
  },
  {
    path: '/passkeys/login/begin/',
    name: 'Passkey Login Begin',
    description: 'What any passkey of this site is asked to sign. With `bind`, only the same browser may complete it.',
    access: 'anyone',
    allow: POST,
    fields: () => ({
      POST: [
        text('username', { isRequired: false, mayBeBlank: true }),
        email('email', { isRequired: false, mayBeBlank: true }),
        json('bind', { isRequired: false, isUnlisted: true }),
      ],
    }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).beginLogin(call) },
  },
  {
    path: '/passkeys/login/complete/',
    name: 'Passkey Login Complete',
    description: 'Signs in by what a passkey signed.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [json('credential'), text('session_id')] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).completeLogin(call) },
  },
  {
    path: '/passkeys/register/begin/',
    name: 'Passkey Register Begin',
    description: 'What a new passkey is made with.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: [passkeyName] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).beginRegistration(call) },
  },
  {
    path: '/passkeys/register/complete/',
    name: 'Passkey Register Complete',
    description: 'Keeps a new passkey.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: [json('credential'), passkeyName] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).completeRegistration(call) },
  },
  {
    path: '/passkeys/',
    name: 'Passkey List',
    description: 'The passkeys of this account.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: true,
    methods: { GET: async (call) => (await passkeys()).list(call) },
  },
  {
    path: '/passkeys/:id/',
    name: 'Passkey Detail',
    description: 'One passkey of this account.',
    access: 'signed-in',
    allow: 'GET, PATCH, DELETE, HEAD, OPTIONS',
    fields: () => ({ PATCH: [passkeyName] }),
    isThrottled: true,
    methods: {
      GET: async (call) => (await passkeys()).find(call),
      PATCH: async (call) => (await passkeys()).rename(call),
      DELETE: async (call) => (await passkeys()).remove(call),
    },
  },
  {
    path: '/reauthenticate/',
    name: 'Reauthenticate',
    description:
      'Proves once more who is signed in: by the password, or by a code where there is an authenticator app; or by a passkey.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({
      POST: [
        text('password', { isRequired: false, whiteSpace: 'kept' }),
        { ...code, isRequired: false },
        json('credential', { isRequired: false }),
        text('session_id', { isRequired: false }),
      ],
    }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await again()).again(call) },
  },
  {
    path: '/reauthenticate/passkey/',
    name: 'Reauthenticate By Passkey',
    description: 'What a passkey of this account is asked to sign, to prove once more who is signed in.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: [] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await passkeys()).beginAgain(call) },
  },
  {
    path: '/mfa/verify/',
    name: 'MFA Verify',
    description: 'The second of two steps of signing in: the ephemeral token of the first, and a code.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: [text('ephemeral_token'), code] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await secondStep()).verify(call) },
  },
  {
    path: '/mfa/totp/activate/',
    name: 'TOTP Activate',
    description:
      'GET: a secret for an authenticator app; with `?replace=true` for one in the place of another. POST: its activation token and a first code.',
    access: 'signed-in',
    allow: 'GET, POST, HEAD, OPTIONS',
    fields: () => ({ POST: [text('activation_token'), code] }),
    describes: 'POST',
    isThrottled: true,
    methods: {
      GET: async (call) => (await secondStep()).beginActivation(call),
      POST: async (call) => (await secondStep()).activate(call),
    },
  },
  {
    path: '/mfa/totp/deactivate/',
    name: 'TOTP Deactivate',
    description: 'Takes the authenticator app away, by a code of it or a recovery code.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: [code] }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await secondStep()).deactivate(call) },
  },
  {
    path: '/mfa/status/',
    name: 'MFA Status',
    description: 'Whether this account has a second step.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: async (call) => (await secondStep()).status(call) },
  },
  {
    path: '/mfa/recovery-codes/',
    name: 'Recovery Codes',
    description: 'How many recovery codes are left.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: async (call) => (await secondStep()).recoveryCodes(call) },
  },
  {
    path: '/mfa/recovery-codes/regenerate/',
    name: 'Recovery Codes Regenerate',
    description: 'New recovery codes in the place of those that are left.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({}),
    isThrottled: true,
    methods: { POST: async (call) => (await secondStep()).renewCodes(call) },
  },
  connections,
  { ...connections, path: '/socialaccounts/', access: 'signed-in' },
  disconnect,
  { ...disconnect, path: '/socialaccounts/:number/disconnect/', access: 'signed-in' },
  {
    path: '/social/:provider/',
    name: 'Social Login',
    description: 'Signs in, or up, by what a provider gave to a client: an access token, a code or an ID token.',
    access: 'anyone',
    allow: POST,
    fields: () => ({ POST: brought }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await social()).signIn(call) },
  },
  {
    path: '/social/:provider/connect/',
    name: 'Social Connect',
    description: 'Connects an account at a provider to this one, by what the provider gave to a client.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({ POST: brought }),
    describes: 'POST',
    isThrottled: true,
    methods: { POST: async (call) => (await social()).connect(call) },
  },
  {
    path: '/sessions/',
    name: 'Sessions',
    description: 'The signed-in devices of this account.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: sessions.list },
  },
  {
    path: '/sessions/end-others/',
    name: 'End Other Sessions',
    description: 'Signs every other device of this account out.',
    access: 'signed-in',
    allow: POST,
    fields: () => ({}),
    isThrottled: false,
    methods: { POST: sessions.endOthers },
  },
  {
    path: '/sessions/:id/',
    name: 'Session',
    description: 'One signed-in device of this account: what it is called, and the way to sign it out.',
    access: 'signed-in',
    allow: 'PATCH, DELETE, OPTIONS',
    fields: () => ({
      PATCH: [
        text('name', { isRequired: false, mayBeBlank: true, maxLength: LONGEST_LABEL }),
        json('remembered', { isRequired: false }),
      ],
    }),
    isThrottled: false,
    methods: { PATCH: sessions.changeOne, DELETE: sessions.endOne },
  },
  {
    path: '/approvals/',
    name: 'Approvals',
    description: 'The sign-ins to this account that have to be let in.',
    access: 'signed-in',
    allow: GET,
    isOn: isApproving,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: async (call) => (await approvals()).list(call) },
  },
  {
    path: '/approvals/:id/approve/',
    name: 'Approve',
    description: 'Lets a sign-in in, in the place of the sessions whose ids are given, or of whom the rule displaces.',
    access: 'signed-in',
    allow: POST,
    isOn: isApproving,
    fields: () => ({ POST: [json('end', { isRequired: false })] }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: async (call) => (await approvals()).approve(call) },
  },
  {
    path: '/approvals/:id/decline/',
    name: 'Decline',
    description: 'Lets a sign-in not in.',
    access: 'signed-in',
    allow: POST,
    isOn: isApproving,
    fields: () => ({}),
    isThrottled: false,
    methods: { POST: async (call) => (await approvals()).decline(call) },
  },
  {
    path: '/session/',
    name: 'Current Session',
    description: 'Who is signed in with this credential, for clients and for reverse proxies.',
    access: 'signed-in',
    allow: GET,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: sessions.current },
  },
  {
    path: '/token/verify/',
    name: 'Token Verify',
    description:
      "Takes a token and indicates if it is valid.  This view provides no\ninformation about a token's fitness for a particular use.",
    access: 'anyone',
    allow: POST,
    isOn: hasTokens,
    fields: () => ({ POST: [text('token')] }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: async (call) => (await tokens()).verify(call) },
  },
  {
    path: '/token/refresh/',
    name: 'Refresh View With Cookie Support',
    description: '',
    access: 'anyone',
    allow: POST,
    isOn: hasTokens,
    fields: () => ({ POST: refreshFields }),
    describes: 'POST',
    isThrottled: false,
    methods: { POST: async (call) => (await tokens()).refresh(call) },
  },
  {
    path: '/jwks.json/',
    name: 'Key Set',
    description: 'The public keys by which tokens are signed, and those that will sign next (RFC 7517).',
    access: 'anyone',
    allow: GET,
    isOn: ({ jwt }) => jwt !== null && jwt.algorithm !== 'HS256',
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: async (call) => (await tokens()).keySet(call) },
  },
  {
    path: '/ended-sessions/',
    name: 'Ended Sessions',
    description: 'Which sessions have ended, by their ids, for servers that check tokens without asking.',
    access: 'anyone',
    allow: GET,
    isOn: ({ jwt }) => jwt?.isFollowed === true,
    fields: () => ({}),
    isThrottled: false,
    methods: { GET: async (call) => (await endedSessions()).tell(call) },
  },
  {
    path: REGISTER_PATH,
    name: 'Device Bound Session',
    description: 'Binds the session of a browser to a key of its own. Browsers ask this by themselves.',
    access: 'by-key',
    allow: POST,
    fields: () => ({}),
    isThrottled: false,
    methods: { POST: async (call) => (await dbsc()).register(call) },
  },
  {
    path: REFRESH_PATH,
    name: 'Device Bound Session Refresh',
    description: 'Renews the cookie of a session that is bound, by a proof. Browsers ask this by themselves.',
    access: 'by-key',
    allow: POST,
    fields: () => ({}),
    isThrottled: false,
    methods: { POST: async (call) => (await dbsc()).refresh(call) },
  },
  {
    path: '/events/',
    name: 'Events',
    description: 'A stream of server-sent events: what becomes of this session and of the others of the account.',
    access: 'following',
    allow: 'GET, OPTIONS',
    fields: () => ({}),
    isThrottled: false,
    renders: STREAM,
    methods: { GET: events.follow },
  },
];

function isApproving({ sessions }: Settings): boolean {
  return sessions.whenFull === 'approve';
}

const tokenFields: readonly Field[] = [
  text('username'),
  text('password', { whiteSpace: 'counts' }),
  { ...text('token', { isRequired: false }), isReadOnly: true },
];

/** Django REST framework's own, at a path of its own. */
export const drfTokenRoute: Route = {
  path: '/api/token/',
  name: 'Obtain Auth Token',
  description: '',
  access: 'anyone',
  allow: POST,
  fields: () => ({ POST: tokenFields }),
  describes: 'POST',
  isOn: givesKeys,
  isThrottled: false,
  renders: JSON_ONLY,
  parses: ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'],
  methods: { POST: signIn.obtainToken },
};
