import { html } from 'hono/html';
import { ago, moment } from '../texts/time.ts';
import type { Html, PageContext } from './page.ts';

/** How long ago something was, and, for who points at it, when. */
export function timeOf(at: number, now: number, language: PageContext['language']): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${moment(language, at)}">${ago(language, now - at)}</time>`;
}
