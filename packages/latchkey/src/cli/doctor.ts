import type { Assembled } from '../assemble.ts';
import { reasonIn } from '../credentials/social/failure.ts';
import { lookAtProvider } from '../credentials/social/protocol.ts';
import { opensTotp } from '../credentials/totp.ts';
import { callbackUrl } from '../flows/ask-provider.ts';
import { open } from '../latchkey.ts';
import { openTransport } from '../mail/smtp.ts';
import type { SocialProvider } from '../model/social.ts';
import { InvalidSettings } from '../resolve-settings.ts';
import { StoreUnavailable } from '../stores/store.ts';
import { optionsFrom } from './config-file.ts';

type Finding = { readonly isGood: boolean; readonly text: string };

/** Looks at everything that can be looked at from here; exit status 1 where something is wrong. */
export async function doctor(config: string | undefined): Promise<void> {
  const findings = await examine(config);
  for (const { isGood, text } of findings) process.stdout.write(`${isGood ? '✓' : '✗'} ${text}\n`);
  if (findings.some(({ isGood }) => !isGood)) process.exitCode = 1;
}

async function examine(config: string | undefined): Promise<readonly Finding[]> {
  try {
    const { assembled, auth } = await open(await optionsFrom(config), { environment: process.env, role: 'command' });
    const findings = [
      { isGood: true, text: 'The settings are right.' },
      { isGood: true, text: 'The database opens, and is up to date.' },
      await ruleFinding(assembled),
      await outboxFinding(assembled),
      await smtpFinding(assembled),
      ...(await sealFindings(assembled)),
      ...(await providerFindings(assembled)),
    ];
    await auth.close();
    return findings;
  } catch (error) {
    if (error instanceof InvalidSettings) return error.problems.map((text) => ({ isGood: false, text }));
    if (error instanceof StoreUnavailable) return [{ isGood: false, text: error.message }];
    throw error;
  }
}

async function ruleFinding({ parts, isRuleInForce }: Assembled): Promise<Finding> {
  const isUnset = (await parts.store.sessions.ruleInForce()) === null;
  if (isUnset) return { isGood: true, text: 'No node has served yet.' };
  if (await isRuleInForce()) return { isGood: true, text: 'The session settings are the ones in force.' };
  const text = 'The session settings here are not those of the node that started last: give all nodes the same ones.';
  return { isGood: false, text };
}

async function outboxFinding({ parts }: Assembled): Promise<Finding> {
  const entries = await parts.store.outbox.page(1000);
  const givenUp = entries.filter(({ isGivenUp }) => isGivenUp);
  if (givenUp.length === 0) return { isGood: true, text: `The outbox has given up no mail (${entries.length} wait).` };
  return { isGood: false, text: `The outbox has given up ${givenUp.length} mails: ${givenUp[0]?.error ?? ''}` };
}

async function smtpFinding({ parts }: Assembled): Promise<Finding> {
  const { smtpUrl } = parts.settings.mail;
  if (smtpUrl === 'none') return { isGood: true, text: 'Mails are kept, and sent to nobody (LATCHKEY_SMTP_URL).' };
  const transport = await openTransport(smtpUrl);
  try {
    await transport.verify();
    return { isGood: true, text: 'The mail server answers.' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { isGood: false, text: `The mail server does not take mails: ${why}. See LATCHKEY_SMTP_URL.` };
  } finally {
    transport.close();
  }
}

/** Where there is an app. Each use seals its secret with the newest key: whichever was not used for longest is tried. */
async function sealFindings({ parts }: Assembled): Promise<readonly Finding[]> {
  const stalest = await parts.store.credentials.stalest('totp');
  if (stalest === null) return [];
  if (opensTotp(parts.keys, stalest)) return [{ isGood: true, text: 'The secrets of authenticator apps open.' }];
  const text =
    'There are authenticator apps whose secrets are sealed with a secret that is not given any more: give it after the new one, with a comma between (LATCHKEY_SECRET). Until then their owners need a recovery code.';
  return [{ isGood: false, text }];
}

async function providerFindings({ parts }: Assembled): Promise<readonly Finding[]> {
  return await Promise.all(parts.settings.social.providers.map((provider) => providerFinding(parts, provider)));
}

/** Without somebody who signs in there a provider answers nobody whether it knows a client. */
const UNTESTED = 'Whether its client and secret are right, only a sign-in by it shows.';

/** Its discovery answers and has its issuer; Apple's key is one. */
async function providerFinding(parts: Assembled['parts'], provider: SocialProvider): Promise<Finding> {
  const uri = callbackUrl(parts, provider.id);
  const isSecure = uri.startsWith('https:');
  const where = `register ${uri} there as its redirect URI${isSecure ? '' : ' (most providers want https: set LATCHKEY_ORIGIN)'}`;
  try {
    await lookAtProvider(provider);
    const text = `The provider ${provider.id} is ${provider.endpoints === null ? 'there' : 'set up'}: ${where}. ${UNTESTED}`;
    return { isGood: true, text };
  } catch (error) {
    const remedy =
      provider.secret().kind === 'key'
        ? 'see its issuer, and whether privateKey is the whole .p8 file'
        : `see its issuer, ${provider.issuer}`;
    return { isGood: false, text: `The provider ${provider.id} cannot be used (${reasonIn(error)}): ${remedy}.` };
  }
}
