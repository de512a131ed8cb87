/** What is around every page: its head, the name of the site, and the way out for whoever is signed in. */
import { html } from 'hono/html';
import { isSecure } from '../http/cookies.ts';
import type { Settings } from '../model/settings.ts';
import type { Content, Html, PageContext, Script } from './page.ts';

/** A script of ours, by its path, and what it is told in `data-` attributes. */
export type FrameScript = { readonly path: string; readonly data: Script['data'] };

export type FrameView = {
  readonly title: string;
  readonly content: Content;
  readonly isWide: boolean;
  /** The path of the stylesheet. */
  readonly style: string;
  readonly scripts: readonly FrameScript[];
  readonly logo: string | null;
  /** After how many seconds a browser without scripts is to load the page anew; null for never. */
  readonly refreshSeconds?: number | null;
};

/** A whole document. It runs no script but its own, and works without that. */
export function frame(view: FrameView, page: PageContext): Html {
  const { language, dir, words, site } = page;
  return html`<!doctype html>
<html lang="${language}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${view.title} · ${site}</title>
<link rel="stylesheet" href="${view.style}">
${view.scripts.map(scriptOf)}${
  view.refreshSeconds == null
    ? ''
    : html`<noscript><meta http-equiv="refresh" content="${view.refreshSeconds}"></noscript>
`
}</head>
<body>
<a class="skip" href="#content">${words.frame.skip}</a>
<header class="top"><a class="site" href="/">${view.logo === null ? html`<bdi>${site}</bdi>` : html`<img src="${view.logo}" alt="${site}">`}</a>
${page.signedInAs === null ? '' : wayOut(page)}</header>
<main class="main" id="content" tabindex="-1"><div class="card${view.isWide ? ' wide' : ''}"><h1>${view.title}</h1>
${view.content}
</div></main>
</body>
</html>
`;
}

function wayOut({ words }: PageContext): Html {
  return html`<nav aria-label="${words.frame.pages}"><a href="/account/">${words.frame.account}</a>
<form method="post" action="/logout/"><button class="asLink">${words.frame.signOut}</button></form></nav>
`;
}

function scriptOf({ path, data }: FrameScript): Html {
  const told = Object.entries(data).map(([name, value]) => html` data-${name}="${value}"`);
  return html`<script type="module" src="${path}"${told}></script>
`;
}

/** The headers of every page: it loads from its own origin alone, is framed by nobody, and kept by nobody. */
export function pageHeaders(settings: Settings, hasScript = false): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    ...(hasScript ? ["script-src 'self'", "connect-src 'self'", "require-trusted-types-for 'script'"] : []),
    ...(settings.theme.logo === null ? [] : ["img-src 'self' data:"]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    Vary: 'Accept-Language, Cookie',
    'Content-Security-Policy': policy.join('; '),
    // No path is told to anybody. The origin is: with `no-referrer` our own forms would come from the origin `null`.
    'Referrer-Policy': 'strict-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(isSecure(settings) && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
  };
}
