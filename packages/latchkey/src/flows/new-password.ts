import { commonPasswords } from '../credentials/common-passwords.ts';
import type { PasswordFlaw, PasswordOwner } from '../model/password.ts';
import { MAX_PASSWORD_LENGTH, passwordFlaws } from '../model/password.ts';
import type { Flaw } from '../model/reasons.ts';
import { field as fieldTexts, password as texts } from '../texts/api.ts';
import type { Parts } from './parts.ts';

/** All that is wrong with a new password; `owner` is null where the person is not known yet. */
export async function flawsOf(parts: Parts, password: string, owner: PasswordOwner | null): Promise<readonly Flaw[]> {
  if (password.length > MAX_PASSWORD_LENGTH) return [fieldTexts.maxLength(MAX_PASSWORD_LENGTH)];
  // Nobody could sign in with it: the API takes no such letter.
  if (password.includes('\0')) return [fieldTexts.nul];
  const common = await commonPasswords();
  return passwordFlaws(password, owner, parts.settings.passwords, (word) => common.has(word)).map(inWords);
}

function inWords(flaw: PasswordFlaw): Flaw {
  switch (flaw.rule) {
    case 'similarity':
      return texts.tooSimilar(flaw.to);
    case 'length':
      return texts.tooShort(flaw.minLength);
    case 'common':
      return texts.tooCommon;
    case 'numeric':
      return texts.numeric;
  }
}
