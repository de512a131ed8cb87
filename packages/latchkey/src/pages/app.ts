/** The pages that mails lead to, by path. Paths stand without a slash at their end, and are found with it as well. */
import { Hono } from 'hono';
import type { Parts } from '../flows/parts.ts';
import { answerError, baseHeaders } from '../http/answers.ts';
import type { Mail } from '../mail/message.ts';
import { showMails } from './dev-mail.ts';
import * as reset from './reset-password.ts';
import * as verification from './verify-email.ts';

export type PagesOptions = {
  readonly parts: Parts;
  /** The mails to show in development; null where they are sent, and in production. */
  readonly keptMails: (() => Promise<readonly Mail[]>) | null;
  readonly report: (error: unknown, request: Request) => void;
};

export function pagesApp({ parts, keptMails, report }: PagesOptions): Hono {
  const { settings } = parts;
  const app = new Hono({ strict: false });
  const confirmPath = '/password/reset/confirm';
  const verifyPath = `${settings.basePath}/registration/account-confirm-email/:key` as const;
  app.get(verifyPath, () => verification.showVerification(parts));
  app.post(verifyPath, (context) =>
    verification.confirmVerification(parts, context.req.raw, context.req.param('key') ?? ''),
  );
  app.get(`${settings.basePath}/registration/account-email-verification-sent`, () =>
    verification.showVerificationSent(parts),
  );
  app.get('/password/reset', () => reset.showRequest(parts));
  app.post('/password/reset', (context) => reset.sendRequest(parts, context.req.raw));
  app.get(confirmPath, (context) => reset.showConfirmation(parts, context.req.raw));
  app.post(confirmPath, (context) => reset.confirm(parts, context.req.raw));
  app.get(`${confirmPath}/:uid/:token`, (context) =>
    reset.takeSecret(parts, context.req.param('uid'), context.req.param('token')),
  );
  if (keptMails !== null) app.get('/dev/mail', async () => await showMails(settings, await keptMails()));
  app.onError((error, context) =>
    answerError(settings, baseHeaders(settings), error, {
      method: context.req.method,
      report: (problem) => report(problem, context.req.raw),
    }),
  );
  return app;
}
