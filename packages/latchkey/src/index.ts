/** Latchkey, as a library. */

/** Makes HTML of a template, and escapes what is put into it. */
export { html } from 'hono/html';
export type { AppLog, CodeOptions } from './assemble.ts';
export type { DataOptions } from './config.ts';
export type { ProofFlaw } from './credentials/dpop.ts';
export type { Invitation } from './flows/invite.ts';
export type { LatchkeyEvent, Registration } from './flows/parts.ts';
export type { StandardSchema } from './http/extra-fields.ts';
export {
  type AccountInput,
  type Latchkey,
  type LatchkeyOptions,
  latchkey,
  type NodeHeaders,
  type NodeRequest,
  type SignedIn,
  type SignedOut,
} from './latchkey.ts';
export type { Mail, Message } from './mail/message.ts';
export type { Template, Templates } from './mail/render.ts';
export { type Send, UndeliverableMail } from './mail/smtp.ts';
export type { Account, AccountId, AccountState, Json, Profile, SessionId } from './model/account.ts';
export type { Binding } from './model/binding.ts';
export type { Device, DeviceClass, DeviceSummary } from './model/device.ts';
export { type Code, type EndReason, type FieldErrors, Refusal } from './model/reasons.ts';
export type { Ending, Session, SignInMethod } from './model/session.ts';
export type { Content, FormView, PageContext, Template as PageTemplate } from './pages/page.ts';
export type { PageTemplates, PageViews } from './pages/templates.ts';
export type { SignedInView, SignedOutView, ViewTemplate, ViewTemplates } from './pages/view-types.ts';
export { InvalidSettings } from './resolve-settings.ts';
export type { Grace } from './sessions/grace.ts';
export { SessionEnded } from './sessions/verify.ts';
export type { Clock } from './stores/clock.ts';
export type { EndingNotice } from './stores/store.ts';
