import { html } from 'hono/html';
import { connectionsOf } from '../flows/connect-providers.ts';
import { fillIn } from './controls.ts';
import { type Html, page } from './page.ts';
import { type SignedInVisit, show } from './visit.ts';

export type AccountView = {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  /** `''` where there is none. */
  readonly email: string;
  readonly emailVerified: boolean;
  /** Whether browsers have passkeys for where this is. */
  readonly hasPasskeys: boolean;
  /** Whether there are providers elsewhere to sign in with, or there were and something is still connected. */
  readonly hasProviders: boolean;
};

const accountPage = page<AccountView>({
  name: 'account',
  title: (_, { words }) => words.account.title,
  isWide: true,
  template(view, { words: { account: texts } }) {
    const address =
      view.email === ''
        ? texts.noEmail
        : html`<bdi>${view.email}</bdi> (${view.emailVerified ? texts.verified : texts.unverified})`;
    return html`<p>${fillIn(texts.lead, { name: view.username })}<br><span class="muted">${address}</span></p>
<ul class="list">
${link('/account/devices/', texts.devices, texts.devicesLead)}${link('/account/profile/', texts.profile, texts.profileLead)}${link('/account/email/', texts.email, texts.emailLead)}${link('/account/password/', texts.password, texts.passwordLead)}${view.hasPasskeys ? link('/account/passkeys/', texts.passkeys, texts.passkeysLead) : ''}${link('/account/second-step/', texts.secondStep, texts.secondStepLead)}${view.hasProviders ? link('/account/connections/', texts.connections, texts.connectionsLead) : ''}${link('/account/data/', texts.data, texts.dataLead)}</ul>`;
  },
});

function link(path: string, title: string, lead: string): Html {
  return html`<li><div><p><a class="name" href="${path}">${title}</a></p><p class="muted">${lead}</p></div></li>
`;
}

export async function showAccount(visit: SignedInVisit): Promise<Response> {
  const { id, username, firstName, lastName, email, emailVerified } = visit.visitor.account;
  const { passkeys, social } = visit.parts.settings;
  const hasProviders = social.providers.length > 0 || (await connectionsOf(visit.parts, id)).length > 0;
  const has = { hasPasskeys: passkeys.onPages, hasProviders };
  return await show(visit, accountPage, { username, firstName, lastName, email, emailVerified, ...has });
}
