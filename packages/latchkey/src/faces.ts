/** What a host does to accounts and sessions: the flows by names of their own, once what was handed in has been looked at. */
import { accountFieldsIn, mustBe } from './face-inputs.ts';
import {
  createAccount,
  importKey,
  reactivateAccount,
  resetSecondStep,
  setRoles,
  suspendAccount,
} from './flows/administer.ts';
import { invite } from './flows/invite.ts';
import { endSession, endSessions, listSessions } from './flows/manage-sessions.ts';
import type { Parts } from './flows/parts.ts';
import type { AccountInput, Latchkey } from './latchkey.ts';
import { type Account, type AccountId, emailKey, usernameKey } from './model/account.ts';

const LONGEST_LIST = 1000;

export function accountsFace(parts: Parts): Latchkey['accounts'] {
  const { accounts } = parts.store;
  const { usernameCase } = parts.settings.accounts;
  return {
    create: (account) => create(parts, account),
    async find(id) {
      mustBe('id', 'accounts.find', 'id', id);
      return (await accounts.find(id))?.account ?? null;
    },
    async findByUsername(name) {
      mustBe('text', 'accounts.findByUsername', 'name', name);
      return (await accounts.findByUsername(usernameKey(name, usernameCase)))?.account ?? null;
    },
    async findByEmail(email) {
      mustBe('text', 'accounts.findByEmail', 'email', email);
      return (await accounts.findByEmail(emailKey(email))).map(({ account }) => account);
    },
    async list({ after = 0, limit = LONGEST_LIST } = {}) {
      mustBe('count', 'accounts.list', 'after', after);
      mustBe('count', 'accounts.list', 'limit', limit);
      return await accounts.page({ after, limit: Math.min(limit, LONGEST_LIST) });
    },
    async suspend(id) {
      mustBe('id', 'accounts.suspend', 'id', id);
      return await suspendAccount(parts, id);
    },
    async reactivate(id) {
      mustBe('id', 'accounts.reactivate', 'id', id);
      return await reactivateAccount(parts, id);
    },
    async setRoles(id, roles) {
      mustBe('id', 'accounts.setRoles', 'id', id);
      mustBe('texts', 'accounts.setRoles', 'roles', roles);
      return await setRoles(parts, id, roles);
    },
    async resetSecondStep(id) {
      mustBe('id', 'accounts.resetSecondStep', 'id', id);
      return await resetSecondStep(parts, id);
    },
    async invite({ email, roles = [] } = {}) {
      if (email != null) mustBe('text', 'accounts.invite', 'email', email);
      mustBe('texts', 'accounts.invite', 'roles', roles);
      return await invite(parts, { email: email ?? null, roles });
    },
  };
}

async function create(parts: Parts, given: AccountInput): Promise<Account> {
  const { emailVerified = false, roles = [] } = given;
  mustBe('flag', 'accounts.create', 'emailVerified', emailVerified);
  mustBe('texts', 'accounts.create', 'roles', roles);
  const { username = '', email = '', firstName = '', lastName = '', password = null } = accountFieldsIn(given);
  return await createAccount(parts, { username, email, emailVerified, firstName, lastName, password, roles });
}

export function sessionsFace(parts: Parts): Latchkey['sessions'] {
  const mustBeAccount = (call: string, id: AccountId): void => mustBe('id', `sessions.${call}`, 'accountId', id);
  return {
    async list(accountId) {
      mustBeAccount('list', accountId);
      return await listSessions(parts, accountId);
    },
    async end(accountId, sessionId) {
      mustBeAccount('end', accountId);
      mustBe('text', 'sessions.end', 'sessionId', sessionId);
      return await endSession(parts, { accountId, sessionId, by: null, reason: 'revoked' });
    },
    async endAll(accountId) {
      mustBeAccount('endAll', accountId);
      return await endSessions(parts, accountId, null);
    },
    async importKey(accountId, key, { isFresh = false } = {}) {
      mustBeAccount('importKey', accountId);
      mustBe('text', 'sessions.importKey', 'key', key);
      mustBe('flag', 'sessions.importKey', 'isFresh', isFresh);
      return await importKey(parts, { accountId, key, isFresh });
    },
    async blacklistToken(jti, expiresAt) {
      mustBe('text', 'sessions.blacklistToken', 'jti', jti);
      mustBe('time', 'sessions.blacklistToken', 'expiresAt', expiresAt);
      const { blacklistToken } = await import('./flows/adopt-token.ts');
      if (parts.jwt === null)
        throw new TypeError('sessions.blacklistToken: there are no tokens where JWT mode is off.');
      await blacklistToken(parts, jti, expiresAt.getTime() - parts.jwt.now());
    },
    onEnded(listener) {
      mustBe('function', 'sessions.onEnded', 'listener', listener);
      return parts.endings.onEnded(listener);
    },
  };
}
