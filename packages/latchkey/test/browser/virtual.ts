/** An authenticator for a page of a test's browser (WebDriver extension of WebAuthn, by the DevTools protocol). */
import type { CDPSession, Page } from 'playwright-core';

export type Virtual = {
  /** The ids of its passkeys. */
  readonly credentials: () => Promise<readonly string[]>;
  /** How it calls those whose passkeys it has. */
  readonly users: () => Promise<readonly (string | undefined)[]>;
  /** Moves its passkeys to a key with a button, which verifies nobody. */
  readonly toButton: () => Promise<void>;
  /** Whether somebody is there who lets it be used. */
  readonly isUsed: (enabled: boolean) => Promise<void>;
};

const KIND = { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true } as const;

/** Gives a page's browser an authenticator that verifies who uses it. */
export async function authenticatorFor(page: Page): Promise<Virtual> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const able = { hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options: { ...KIND, ...able } });
  return {
    async credentials() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.map(({ credentialId }) => credentialId);
    },
    async users() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.map(({ userName }) => userName);
    },
    async toButton() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
      const options = { ...KIND, hasUserVerification: false, automaticPresenceSimulation: true };
      const made = await session.send('WebAuthn.addVirtualAuthenticator', { options });
      for (const credential of credentials) await session.send('WebAuthn.addCredential', { ...made, credential });
    },
    isUsed: async (enabled) => {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
  };
}
