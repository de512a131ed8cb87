import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { Settings } from '../model/settings.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c1c1a, #f1f1ee); --paper: light-dark(#fff, #1e1e1c); --ground: light-dark(#f4f4f2, #131312); --quiet: light-dark(#6b6b66, #a0a09a); --line: light-dark(#dcdcd6, #3a3a37); }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main { max-width: 30rem; margin: 4vh auto; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; }
main.wide { max-width: 60rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1.25rem; }
label { display: block; margin: 0 0 1rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: .25rem; padding: .625rem .75rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .5rem; }
button { padding: .625rem 1.25rem; font: inherit; font-weight: 600; color: var(--paper); background: var(--ink); border: 0; border-radius: .5rem; cursor: pointer; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.error { padding-left: .75rem; border-left: 3px solid #c0392b; }
.quiet { color: var(--quiet); font-size: .875rem; }
article { padding: 1.25rem 0; border-top: 1px solid var(--line); }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

type Content = ReturnType<typeof html>;

export type Page = { readonly title: string; readonly content: Content; readonly isWide?: boolean };

/** A whole page. It loads nothing, runs no script, can be framed by nobody and is kept by nobody. */
export async function answerPage(
  settings: Settings,
  status: number,
  { title, content, isWide }: Page,
): Promise<Response> {
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body><main class="${isWide === true ? 'wide' : ''}"><h1>${title}</h1>
${content}
</main></body>
</html>
`;
  return new Response(String(page), { status, headers: pageHeaders(settings) });
}

/** The headers of every page. */
export function pageHeaders(settings: Settings): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy.join('; '),
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(settings.origin.startsWith('https:') && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
  };
}

/** The page for a path that nobody answers. */
export function notFoundPage(settings: Settings): Response {
  const page =
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n';
  return new Response(page, { status: 404, headers: pageHeaders(settings) });
}
