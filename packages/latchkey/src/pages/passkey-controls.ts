/** What pages with passkeys share. Without a script there is nothing to be done with one, and nothing of it is shown. */
import { html } from 'hono/html';
import type { Content, Html } from './page.ts';

/** A form that the script shows, and sends with what an authenticator answered. */
export function passkeyForm(action: string, content: Content): Html {
  return html`<form method="post" data-passkey hidden>${content}${ANSWER}<button class="plain block">${action}</button></form>
`;
}

/** The fields that the script fills in. */
export const ANSWER = html`<input type="hidden" name="credential"><input type="hidden" name="session_id">`;
