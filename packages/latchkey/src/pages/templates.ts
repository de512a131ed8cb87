/** Which pages a host may show in its own way, and what each is told. Beside its view a template gets the page's context. */
import type { AccountView } from './account.ts';
import type { ApprovalsView } from './approvals.ts';
import type { ChangeEmailView, EmailLinkView } from './change-email.ts';
import type { ChangePasswordView } from './change-password.ts';
import type { ChooseSessionsView } from './choose-sessions.ts';
import type { CloseAccountView } from './close-account.ts';
import type { ConfirmView } from './confirm.ts';
import type { ConnectionsView } from './connections.ts';
import type { OwnDataView } from './data.ts';
import type { DevicesView } from './devices.ts';
import type { ErrorView } from './errors.ts';
import type { FrameView } from './frame.ts';
import type { MailSignInView } from './mail-sign-in.ts';
import type { NotMeView } from './not-me.ts';
import type { OwnPasskeysView } from './own-passkeys.ts';
import type { FormView, Template } from './page.ts';
import type { SocialFailedView } from './providers.ts';
import type { ResetRequestView, ResetView } from './reset-password.ts';
import type { SecondStepView } from './second-step.ts';
import type { OwnSecondStepView } from './set-up-second-step.ts';
import type { SignInView } from './sign-in.ts';
import type { SignOutView } from './sign-out.ts';
import type { SignUpClosedView, SignUpView } from './sign-up.ts';
import type { SignedOutPageView } from './signed-out.ts';
import type { ResendView, VerifyEmailView } from './verify-email.ts';
import type { WaitForApprovalView } from './wait-for-approval.ts';

type Nothing = Readonly<Record<never, never>>;

export type PageViews = {
  /** Around every page: a whole document. */
  readonly frame: FrameView;
  readonly 'sign-in': SignInView;
  readonly 'mail-sign-in': MailSignInView;
  readonly 'second-step': SecondStepView;
  readonly 'choose-sessions': ChooseSessionsView;
  readonly 'wait-for-approval': WaitForApprovalView;
  readonly 'sign-out': SignOutView;
  readonly 'sign-out-done': Nothing;
  readonly 'signed-out': SignedOutPageView;
  readonly 'not-me': NotMeView;
  readonly 'sign-up': SignUpView;
  readonly 'sign-up-closed': SignUpClosedView;
  readonly 'check-mail': Nothing;
  readonly 'verify-email': VerifyEmailView;
  readonly 'resend-verification': ResendView;
  readonly 'reset-password': ResetRequestView;
  readonly 'reset-password-confirm': ResetView;
  readonly account: AccountView;
  readonly profile: FormView;
  readonly 'change-email': ChangeEmailView;
  readonly 'confirm-email-change': EmailLinkView;
  readonly 'undo-email-change': EmailLinkView;
  readonly 'change-password': ChangePasswordView;
  readonly confirm: ConfirmView;
  readonly 'own-second-step': OwnSecondStepView;
  readonly 'own-passkeys': OwnPasskeysView;
  readonly connections: ConnectionsView;
  readonly 'social-failed': SocialFailedView;
  readonly devices: DevicesView;
  readonly approvals: ApprovalsView;
  readonly data: OwnDataView;
  readonly 'close-account': CloseAccountView;
  readonly 'account-closed': Nothing;
  readonly error: ErrorView;
};

/** A host's own templates, by the names of pages. What is not there is shown in ours. */
export type PageTemplates = { readonly [Name in keyof PageViews]?: Template<PageViews[Name]> };
