import { html } from 'hono/html';
import { demo as texts } from '../texts/demo.ts';
import { type Html, page } from './page.ts';
import { show, type Visit } from './visit.ts';

const PHONES = ['A', 'B'] as const;

/** Two phones of one account, side by side: signing in on one turns the other off. Served to the developer’s own machine alone. */
const demoPage = page<Readonly<Record<never, never>>>({
  name: 'demo',
  title: () => texts.title,
  isWide: true,
  script: (_, { basePath }) => ({
    asset: 'demo.js',
    data: {
      login: `${basePath}/login/`,
      registration: `${basePath}/registration/`,
      events: `${basePath}/events/`,
    },
  }),
  template: () => html`<p class="muted">${texts.lead}</p>
<div class="phones">${PHONES.map(phone)}</div>
<ol class="notes" reversed data-notes aria-label="${texts.notes}"></ol>
<noscript><p class="notice wrong">${texts.needsScript}</p></noscript>`,
});

/** What a phone shows in each state stands there from the beginning; the script says which state it is. */
function phone(name: (typeof PHONES)[number]): Html {
  const title = `${texts.phone} ${name}`;
  return html`<section class="phone" data-phone="${title}" data-state="out" aria-labelledby="phone_${name}"><h2 id="phone_${name}">${title}</h2>
<div class="screen" role="status">
<p class="when out">${texts.out}</p>
<p class="when busy">${texts.busy}</p>
<p class="when in">${texts.in}</p>
<p class="when ended">${texts.ended}</p>
<p class="said" data-said></p>
</div>
<button class="block" type="button">${texts.signIn}</button></section>
`;
}

export async function showDemo(visit: Visit): Promise<Response> {
  return await show(visit, demoPage, {});
}
