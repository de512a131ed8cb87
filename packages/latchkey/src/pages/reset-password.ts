/**
 * The pages for a forgotten password. The mailed link's secret is moved to a cookie before any page is shown, so that it
 * stands in no address that a page could pass on; only the form's POST uses it up.
 */
import { html } from 'hono/html';
import type { Parts } from '../flows/parts.ts';
import { requestPasswordReset, resetPassword } from '../flows/reset-password.ts';
import { isSecure, readCookie } from '../http/cookies.ts';
import { isEmail } from '../model/account.ts';
import { type FieldErrors, Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import { field } from '../texts/api.ts';
import { pages } from '../texts/pages.ts';
import { readForm } from './form.ts';
import { answerPage, pageHeaders } from './layout.ts';

const texts = pages.resetPassword;

export const CONFIRM_PATH = '/password/reset/confirm/';

export async function showRequest({ settings }: Parts, error: string | null = null): Promise<Response> {
  const content = html`<p>${texts.lead}</p>${complaint(error)}
<form method="post"><label>${texts.email}<input type="email" name="email" autocomplete="email" required></label>
<button>${texts.ask}</button></form>`;
  return await answerPage(settings, error === null ? 200 : 400, { title: texts.title, content });
}

export async function sendRequest(parts: Parts, request: Request): Promise<Response> {
  const form = await readForm(parts.settings, request);
  const email = form('email').trim();
  if (!isEmail(email)) return await showRequest(parts, field.email);
  await requestPasswordReset(parts, email);
  return await answerPage(parts.settings, 200, { title: texts.title, content: html`<p>${texts.asked}</p>` });
}

/** Moves the link's secret out of the address. */
export async function takeSecret({ settings }: Parts, uid: string, token: string): Promise<Response> {
  if (!/^[\w-]+$/.test(uid) || !/^\w+$/.test(token)) return await answerVoid(settings);
  const headers = new Headers(pageHeaders(settings));
  headers.set('Location', CONFIRM_PATH);
  headers.append('Set-Cookie', cookie(settings, `${uid}.${token}`, settings.mail.resetLinkMs / 1000));
  return new Response(null, { status: 303, headers });
}

export async function showConfirmation(
  { settings }: Parts,
  request: Request,
  errors: FieldErrors = {},
): Promise<Response> {
  if (carriedSecret(settings, request) === null) return await answerVoid(settings);
  const messages = Object.values(errors).flat();
  const content = html`${messages.map((message) => complaint(message))}
<form method="post"><label>${texts.password1}<input type="password" name="new_password1" autocomplete="new-password" required></label>
<label>${texts.password2}<input type="password" name="new_password2" autocomplete="new-password" required></label>
<button>${texts.action}</button></form>`;
  return await answerPage(settings, messages.length === 0 ? 200 : 400, { title: texts.title, content });
}

export async function confirm(parts: Parts, request: Request): Promise<Response> {
  const { settings } = parts;
  const form = await readForm(settings, request);
  const secret = carriedSecret(settings, request);
  if (secret === null) return await answerVoid(settings);
  try {
    await resetPassword(parts, {
      ...secret,
      newPassword1: form('new_password1').trim(),
      newPassword2: form('new_password2').trim(),
    });
  } catch (error) {
    if (!(error instanceof Refusal) || error.fields === null) throw error;
    const isVoid = 'uid' in error.fields || 'token' in error.fields;
    return isVoid ? await answerVoid(settings) : await showConfirmation(parts, request, error.fields);
  }
  const done = await answerPage(settings, 200, { title: texts.title, content: html`<p>${texts.done}</p>` });
  done.headers.append('Set-Cookie', cookie(settings, '', 0));
  return done;
}

async function answerVoid(settings: Settings): Promise<Response> {
  const content = html`<p class="error">${texts.void}</p><p><a href="/password/reset/">${texts.ask}</a></p>`;
  return await answerPage(settings, 400, { title: texts.title, content });
}

function complaint(message: string | null) {
  return message === null ? '' : html`<p class="error" role="alert">${message}</p>`;
}

function cookieName(settings: Settings): string {
  return isSecure(settings) ? '__Host-latchkey-link' : 'latchkey-link';
}

function cookie(settings: Settings, value: string, maxAgeSeconds: number): string {
  const secure = isSecure(settings) ? '; Secure' : '';
  return `${cookieName(settings)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

function carriedSecret(settings: Settings, request: Request): { readonly uid: string; readonly token: string } | null {
  const value = readCookie(request.headers.get('cookie'), cookieName(settings));
  const [, uid, token] = /^([\w-]+)\.(\w+)$/.exec(value ?? '') ?? [];
  return uid === undefined || token === undefined ? null : { uid, token };
}
