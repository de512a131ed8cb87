import { html } from 'hono/html';
import type { Parts } from '../flows/parts.ts';
import { verifyEmail } from '../flows/verify-email.ts';
import { Refusal } from '../model/reasons.ts';
import { pages } from '../texts/pages.ts';
import { readForm } from './form.ts';
import { answerPage } from './layout.ts';

const texts = pages.verifyEmail;

/** Where the mailed link leads. Looking at it changes nothing: mail scanners look at every link. */
export async function showVerification({ settings }: Parts): Promise<Response> {
  const content = html`<p>${texts.lead}</p><form method="post"><button>${texts.action}</button></form>`;
  return await answerPage(settings, 200, { title: texts.title, content });
}

export async function confirmVerification(parts: Parts, request: Request, key: string): Promise<Response> {
  await readForm(parts.settings, request);
  try {
    await verifyEmail(parts, key);
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'not_found')) throw error;
    return await answerPage(parts.settings, 404, {
      title: texts.title,
      content: html`<p class="error">${texts.void}</p>`,
    });
  }
  return await answerPage(parts.settings, 200, { title: texts.title, content: html`<p>${texts.done}</p>` });
}

export async function showVerificationSent({ settings }: Parts): Promise<Response> {
  return await answerPage(settings, 200, { title: texts.title, content: html`<p>${texts.sent}</p>` });
}
