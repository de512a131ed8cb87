import type { UsernameCase } from './account.ts';
import type { WhenFull } from './admission.ts';
import type { JwtSettings } from './jwt.ts';
import type { LimitSettings } from './limits.ts';
import type { OldScheme, PasswordPolicy } from './password.ts';
import type { SecondStepPolicy } from './second-step.ts';
import type { SocialSettings } from './social.ts';
import type { TakeoverPolicy } from './takeover.ts';
import type { Theme } from './theme.ts';
import type { ByRole } from './views.ts';

/** At most `limit` within `windowMs`, counted from the first. */
export type Rate = { readonly limit: number; readonly windowMs: number };

export type EmailVerification = 'none' | 'optional' | 'mandatory';

/** By what a person may say who they are, in the field names of the recorded wire. */
export type SignInBy = 'username' | 'email' | 'username_email' | 'any';

/** All settings, resolved and checked; what each means and how to set it stands in `config.ts`. */
export type Settings = {
  readonly production: boolean;
  /** Where people reach this server: the only source of links, cookies' names and origin checks. */
  readonly origin: string;
  readonly basePath: string;
  readonly sessions: LimitSettings & {
    readonly whenFull: WhenFull;
    readonly approvalMs: number;
    readonly idleMs: number;
    readonly lifetimeMs: number;
    readonly freshMs: number;
    readonly graceMs: number;
    readonly keepEndedMs: number;
  };
  /** What is asked of new devices before they take the places of others. */
  readonly takeovers: TakeoverPolicy;
  /** Not among what nodes must agree on to admit anybody. */
  readonly history: { readonly keepMs: number };
  readonly boundKeys: {
    /** Whether sessions may be bound to a key of their client, must be, or are not. */
    readonly policy: 'optional' | 'required' | 'off';
    /** What keeps a proof of that key from being shown twice. */
    readonly replay: 'nonce+jti' | 'nonce' | 'jti';
    /** Whether the sessions of browsers that keep keys are bound to one. */
    readonly cookies: 'when-able' | 'off';
  };
  readonly checks: {
    /** Whether the store is read at every check, or what a node remembers is trusted, and how far. */
    readonly trust: 'strict' | 'acked' | 'bounded';
    /** How many sessions a node remembers at most. */
    readonly remembered: number;
  };
  readonly accounts: {
    readonly usernameCase: UsernameCase;
    readonly signInBy: SignInBy;
    readonly emailRequired: boolean;
    readonly emailUnique: boolean;
    readonly emailVerification: EmailVerification;
    readonly registration: 'open' | 'invited' | 'closed';
    /** Whether a mailed link or code signs in. */
    readonly signInByMail: boolean;
  };
  readonly secondStep: SecondStepPolicy;
  readonly passkeys: {
    /** The domain that passkeys are made for, and work under. */
    readonly rpId: string;
    /** Where they may be used: our own origin first, each exactly as a browser or an app says it. */
    readonly origins: readonly string[];
    /** Browsers have passkeys for names and not for addresses: whether the pages offer any. */
    readonly onPages: boolean;
  };
  readonly social: SocialSettings;
  readonly passwords: PasswordPolicy & {
    readonly hash: 'argon2id' | 'pbkdf2_sha256' | 'cheap';
    /** Which of Django's oldest schemes are read. */
    readonly old: readonly OldScheme[];
    readonly concurrency: number;
    readonly queue: number;
  };
  readonly attempts:
    | {
        readonly perAccount: Rate;
        readonly perNetwork: Rate;
        readonly consecutive: number;
        readonly mailsPerAddress: Rate;
        readonly mailsPerNetwork: Rate;
        readonly registrationsPerNetwork: Rate;
      }
    | 'off';
  readonly mail: {
    readonly from: string;
    /** An SMTP URL; `none` sends nothing and keeps mails where development shows them. */
    readonly smtpUrl: string | 'none';
    /** With `{key}`, `{uid}`, `{token}`, `{invitation}` where the secrets go. */
    readonly links: {
      readonly verifyEmail: string;
      readonly resetPassword: string;
      readonly invitation: string;
      readonly signIn: string;
    };
    /** Whether an account's owner is told of a device that is new to it. */
    readonly newDevice: boolean;
    readonly resetLinkMs: number;
    readonly verifyLinkMs: number;
    readonly invitationMs: number;
  };
  /** Event streams: how many at a time, and how often each says that it is there. */
  readonly events: { readonly perAccount: number; readonly total: number; readonly heartbeatMs: number };
  /** null where keys are handed out, and no tokens. */
  readonly jwt: JwtSettings | null;
  readonly wire: {
    /** Whether an answer that opens a session carries the key; without it the cookie alone does, or tokens do. */
    readonly key: boolean;
    /** Whether `login/` sets the cookie beside the key. */
    readonly cookie: boolean;
    readonly signedOutStatus: 401 | 403;
    readonly oldPasswordField: boolean;
    readonly logoutOnGet: boolean;
    readonly logoutOnPasswordChange: boolean;
    readonly uid: 'base36' | 'base64url';
    readonly throttle: Rate | null;
    /** Whether the API speaks its reader's language, too, rather than English alone. */
    readonly apiLanguages: boolean;
  };
  /** What of Django goes on being good here. */
  readonly django: {
    /** What it signed by, or null. Called when it is needed, and shown nowhere. */
    readonly secretKey: () => string | null;
    readonly resetLinkMs: number;
    /** The name of its session cookie, or null where none is read. */
    readonly sessionCookie: string | null;
  };
  readonly pages: {
    /** A path on this origin, as all of these are. */
    readonly loginRedirect: string;
    readonly roleRedirects: ByRole<string>;
    readonly redirectSignedIn: boolean;
  };
  readonly theme: Theme;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
};
