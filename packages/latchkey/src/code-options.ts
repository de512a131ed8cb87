/** The options that are code: a misspelt name among them would be passed over without a word. */
import type { LatchkeyOptions } from './latchkey.ts';
import type { Templates } from './mail/render.ts';
import type { PageTemplates } from './pages/templates.ts';

/** So written, the compiler says when one is missing here. */
type Names<Of> = Readonly<Record<keyof Of, true>>;

const HOOKS: Names<Required<NonNullable<LatchkeyOptions['hooks']>>> = {
  beforeRegistration: true,
  placeOf: true,
  limitOf: true,
};

const MAILS: Names<Required<Templates>> = {
  'verify-email': true,
  'claim-email': true,
  'reset-password': true,
  'password-changed': true,
  'address-in-use': true,
  invitation: true,
  'second-step-reset': true,
  'second-step-on': true,
  'second-step-replaced': true,
  'second-step-failed': true,
  'second-step-off': true,
  'recovery-codes-renewed': true,
  'recovery-code-used': true,
  'passkey-added': true,
  'passkey-removed': true,
  'sign-in': true,
  'change-email': true,
  'email-change-asked': true,
  'email-changed': true,
  'email-in-use': true,
  'social-connected': true,
  'social-disconnected': true,
  'key-misused': true,
  'place-taken': true,
  'confirm-sign-in': true,
  'new-device': true,
  'new-devices': true,
};

const PAGES: Names<Required<PageTemplates>> = {
  frame: true,
  'sign-in': true,
  'mail-sign-in': true,
  'second-step': true,
  'choose-sessions': true,
  'wait-for-approval': true,
  'sign-out': true,
  'sign-out-done': true,
  'signed-out': true,
  'not-me': true,
  'sign-up': true,
  'sign-up-closed': true,
  'check-mail': true,
  'verify-email': true,
  'resend-verification': true,
  'reset-password': true,
  'reset-password-confirm': true,
  account: true,
  profile: true,
  'change-password': true,
  confirm: true,
  'change-email': true,
  'confirm-email-change': true,
  'undo-email-change': true,
  'own-second-step': true,
  'own-passkeys': true,
  connections: true,
  'social-failed': true,
  devices: true,
  approvals: true,
  data: true,
  'close-account': true,
  'account-closed': true,
  error: true,
};

const LOG = { info: true, warn: true, error: true };

/** All that is wrong with them, as an operator reads it. */
export function codeFlaws(options: LatchkeyOptions): readonly string[] {
  const { hooks, mailTemplates, pageTemplates, views, log, fields } = options;
  return [
    ...flawsOfGroup('hooks', hooks, HOOKS),
    ...flawsOfGroup('mailTemplates', mailTemplates, MAILS),
    ...flawsOfGroup('pageTemplates', pageTemplates, PAGES),
    ...unknownIn('views', views, { home: true }),
    ...(log === undefined ? [] : notFunctions('log.', { ...LOG, ...pick(log, LOG) })),
    ...notFunctions('', pick(options, { onEvent: true, sendMail: true, clock: true })),
    ...(isSchema(fields) ? [] : ['fields must be a schema that speaks Standard Schema (zod, valibot, …).']),
  ];
}

type Members = Readonly<Record<string, unknown>>;

function flawsOfGroup(group: string, given: unknown, names: Members): readonly string[] {
  return [...unknownIn(group, given, names), ...notFunctions(`${group}.`, pick(given, names))];
}

function unknownIn(group: string, given: unknown, names: Members): readonly string[] {
  if (given === undefined) return [];
  if (!isGroup(given)) return [`${group} must be an object.`];
  const known = Object.keys(names).join(', ');
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(names, name));
  return unknown.map((name) => `${group}.${name} is nothing that ${group} can have: ${known}.`);
}

/** Of what was given, what is known by name. */
function pick(given: unknown, names: Members): Members {
  if (!isGroup(given)) return {};
  const known = Object.keys(names).map((name) => [name, Reflect.get(given, name)] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

function notFunctions(prefix: string, given: Members): readonly string[] {
  const wrong = Object.entries(given).filter(([, value]) => typeof value !== 'function');
  return wrong.map(([name]) => `${prefix}${name} must be a function.`);
}

function isGroup(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** A schema may be a function, too. */
function isSchema(fields: unknown): boolean {
  if (fields === undefined) return true;
  const isHolder = (typeof fields === 'object' && fields !== null) || typeof fields === 'function';
  const standard: unknown = isHolder ? Reflect.get(fields, '~standard') : null;
  return isGroup(standard) && typeof Reflect.get(standard, 'validate') === 'function';
}
