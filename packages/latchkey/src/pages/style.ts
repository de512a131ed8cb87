import type { Colour, Theme } from '../model/theme.ts';

const GENERIC: ReadonlySet<string> = new Set([
  ...['system-ui', 'serif', 'sans-serif', 'monospace', 'cursive', 'fantasy'],
  ...['ui-serif', 'ui-sans-serif', 'ui-monospace', 'ui-rounded'],
]);

/** The one stylesheet: the theme as variables, and all else by them. The theme was checked when the settings were read. */
export function stylesheet(theme: Theme): string {
  const { accent, accentText, text, mutedText, surface, background, border } = theme;
  const colours = { accent, 'accent-text': accentText, text, muted: mutedText, surface, background, border, ...FIXED };
  const fonts = theme.font.map((family) => (GENERIC.has(family) ? family : `'${family}'`)).join(', ');
  return `:root { color-scheme: light dark; --radius: ${theme.radius}px; --font: ${fonts}; ${variables(colours, 'light')} }
@media (prefers-color-scheme: dark) { :root { ${variables(colours, 'dark')} } }
${RULES}`;
}

/** What is wrong is red whatever the theme: 4.5:1 on any light, and on any dark surface (WCAG 2.2, 1.4.3). */
const FIXED: Readonly<Record<string, Colour>> = { wrong: { light: '#a8200d', dark: '#ffb4a6' } };

function variables(colours: Readonly<Record<string, Colour>>, surrounding: keyof Colour): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}: ${colour[surrounding]};`)
    .join(' ');
}

/** Logical properties throughout: read from right to left, everything stands on the other side. */
const RULES = `
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; background: var(--background); color: var(--text); font: 1rem/1.55 var(--font); overflow-wrap: break-word; }
.skip { position: absolute; inset-inline-start: 1rem; inset-block-start: -6rem; z-index: 1; padding: .75rem 1rem; background: var(--surface); color: var(--accent); border-radius: var(--radius); }
.skip:focus { inset-block-start: 1rem; }
.top { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1.5rem; padding: 1rem clamp(1rem, 4vw, 2.5rem); }
.site { display: inline-flex; align-items: center; min-height: 44px; color: inherit; font-weight: 650; text-decoration: none; }
.site img { display: block; max-height: 36px; max-width: 14rem; }
.top nav { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; }
.top nav a, .links a, .list a { display: inline-flex; align-items: center; min-height: 44px; }
.top form { margin: 0; }
.main { flex: 1; width: 100%; padding: clamp(.5rem, 4vh, 3rem) 1rem 4rem; }
.card { max-width: 27rem; margin-inline: auto; padding: clamp(1.5rem, 5vw, 2.5rem); background: var(--surface); border: 1px solid color-mix(in srgb, var(--border) 30%, transparent); border-radius: calc(var(--radius) * 1.6); box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 12px 32px -16px rgb(0 0 0 / .12); }
.card.wide { max-width: 44rem; }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; font-weight: 680; text-wrap: balance; }
:lang(ar) h1 { letter-spacing: 0; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.125rem; line-height: 1.35; font-weight: 650; }
p { margin: 0 0 1.25rem; text-wrap: pretty; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: from-font; }
a:hover { text-decoration-thickness: 2px; }
form { margin: 0 0 1.25rem; }
.field { margin: 0 0 1.25rem; }
label { display: block; margin: 0 0 .375rem; font-weight: 600; }
input { display: block; width: 100%; min-height: 48px; padding: .625rem .875rem; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--border); border-radius: var(--radius); }
input[aria-invalid='true'] { border-color: var(--wrong); box-shadow: inset 0 0 0 1px var(--wrong); }
.flaw { margin: .375rem 0 0; color: var(--wrong); font-size: .9375rem; }
.button, button { display: inline-block; min-height: 48px; padding: .6875rem 1.375rem; font: inherit; font-weight: 620; text-align: center; text-decoration: none; color: var(--accent-text); background: var(--accent); border: 1px solid transparent; border-radius: var(--radius); cursor: pointer; }
.button:hover, button:hover { filter: brightness(1.07); text-decoration: none; }
.block { width: 100%; }
.plain { color: var(--text); background: transparent; border-color: var(--border); font-weight: 560; }
.small { min-height: 44px; padding: .5625rem 1rem; font-size: .9375rem; }
.asLink { min-height: 44px; padding: 0; color: var(--accent); background: none; border: 0; font-weight: inherit; text-decoration: underline; text-underline-offset: .2em; }
.danger { color: #ffffff; background: #a8200d; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.notice { margin: 0 0 1.5rem; padding: .875rem 1rem; border: 1px solid color-mix(in srgb, var(--border) 45%, transparent); border-inline-start: 4px solid var(--accent); border-radius: var(--radius); }
.notice.wrong { border-inline-start-color: var(--wrong); }
.notice p:last-child, .notice ul:last-child { margin-block-end: 0; }
.notice ul { margin: 0; padding-inline-start: 1.25rem; }
.muted { color: var(--muted); font-size: .9375rem; }
.links { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 1.5rem 0 0; padding-block-start: .75rem; border-block-start: 1px solid color-mix(in srgb, var(--border) 30%, transparent); }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin-block-start: 1.5rem; }
.actions form, .actions p { margin: 0; }
.list { margin: 0; padding: 0; list-style: none; }
.list > li { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1.5rem; padding-block: 1rem; border-block-start: 1px solid color-mix(in srgb, var(--border) 30%, transparent); }
.list > li > div { flex: 1 1 14rem; }
.list p, .list form { margin: 0; }
.list .name { font-weight: 620; }
.qr { width: 13rem; max-width: 100%; margin-block: 1rem; padding: .5rem; background: #ffffff; border-radius: var(--radius); }
.qr svg { display: block; width: 100%; height: auto; }
.codes { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: .5rem 1rem; margin: 0; padding: 0; list-style: none; }
code { font: .9375rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
.check { display: flex; align-items: center; gap: .625rem; min-height: 44px; }
.check input { width: 1.25rem; height: 1.25rem; }
.choices { min-width: 0; margin: 0 0 1.25rem; padding: 0; border: 0; }
.choices legend { padding: 0; margin-block-end: .5rem; font-weight: 620; }
.choices .check { margin: 0; padding-block: .75rem; border-block-start: 1px solid color-mix(in srgb, var(--border) 30%, transparent); cursor: pointer; }
.choices .check input { flex: none; }
.number { font-size: 2.25rem; line-height: 1.2; font-weight: 680; letter-spacing: .12em; font-variant-numeric: tabular-nums; text-align: center; }
.told { display: block; }
.told .name { display: block; font-weight: 620; }
.told .muted { display: block; font-weight: 400; }
.list .inline { display: flex; flex-wrap: wrap; gap: .5rem; margin-block-end: 1rem; }
.list .inline input { flex: 1 1 10rem; width: auto; min-height: 44px; }
.list details p { margin-block-end: .5rem; }
summary { display: inline-flex; align-items: center; min-height: 44px; color: var(--accent); cursor: pointer; }
.tag { display: inline-block; margin-inline-start: .5rem; padding: .0625rem .5rem; font-size: .8125rem; font-weight: 600; color: var(--accent-text); background: var(--accent); border-radius: 1rem; }
.phones { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1.5rem; margin-block: 1.5rem; }
.phone { display: flex; flex-direction: column; gap: 1rem; padding: 1.5rem 1.25rem; border: 2px solid var(--border); border-radius: 1.75rem; }
.phone h2 { margin: 0; text-align: center; }
.screen { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; min-height: 11rem; padding: 1rem; text-align: center; background: var(--background); border-radius: 1rem; }
.screen p { margin: 0; }
.screen .when { display: none; font-weight: 620; }
.phone[data-state='out'] .out, .phone[data-state='busy'] .busy, .phone[data-state='in'] .in, .phone[data-state='ended'] .ended { display: block; }
.phone[data-state='in'] { border-color: var(--accent); }
.phone[data-state='in'] .screen { color: var(--accent-text); background: var(--accent); }
.phone[data-state='ended'] { border-color: var(--wrong); }
.phone[data-state='ended'] .screen { color: var(--wrong); }
.said { font-size: .9375rem; }
.notes { min-height: 6rem; margin: 0; padding-inline-start: 1.5rem; font-size: .9375rem; font-variant-numeric: tabular-nums; }
.notes li { margin-block-end: .25rem; }
button:disabled { color: var(--muted); background: var(--background); border-color: var(--border); filter: none; cursor: default; }
article { padding-block: 1.25rem; border-block-start: 1px solid color-mix(in srgb, var(--border) 30%, transparent); }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; }
ol { padding-inline-start: 1.5rem; }
ol li { margin-block-end: .75rem; }
@media (max-width: 30rem) { .card { border: 0; box-shadow: none; } .main { padding-inline: 0; } .actions > *, .actions .button, .actions button { width: 100%; } }
@media (prefers-reduced-motion: no-preference) { .skip { transition: inset-block-start .15s; } }
@media (forced-colors: active) { .button, button { border-color: ButtonText; } }
`;
