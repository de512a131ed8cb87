import { changePassword } from '../../flows/change-password.ts';
import { requestPasswordReset, resetPassword } from '../../flows/reset-password.ts';
import { password as texts } from '../../texts/api.ts';
import { json, withCookies } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';
import { noSessionCookies, noTokenCookies } from '../cookies.ts';

export async function change(call: SignedInCall): Promise<Response> {
  const { parts, who, values, body } = call;
  const given = values['old_password'] ?? body.get('old_password');
  const isOwnEnded = parts.settings.wire.logoutOnPasswordChange && who.via === 'cookie';
  await changePassword(parts, {
    session: who.session,
    now: who.now,
    // Asked for where the sign-in is old, it is no field of the recorded route: there anything else in it is ignored.
    oldPassword: typeof given === 'string' && given.isWellFormed() ? given : null,
    newPassword1: values['new_password1'] ?? '',
    newPassword2: values['new_password2'] ?? '',
    isOwnEnded,
    network: call.network,
  });
  const answer = json(200, { detail: texts.changed }, call.headers);
  if (!isOwnEnded) return answer;
  const { settings } = parts;
  return withCookies(answer, [...noSessionCookies(settings, call.request), ...noTokenCookies(settings)]);
}

export async function requestReset(call: Call): Promise<Response> {
  await requestPasswordReset(call.parts, call.values['email'] ?? '', call.network);
  return json(200, { detail: texts.resetSent }, call.headers);
}

export async function confirmReset(call: Call): Promise<Response> {
  const { uid = '', token = '', new_password1 = '', new_password2 = '' } = call.values;
  const { deviceTokens } = call;
  const passwords = { newPassword1: new_password1, newPassword2: new_password2 };
  const { deviceToken: device } = await resetPassword(call.parts, { uid, token, ...passwords, deviceTokens });
  return json(200, { detail: texts.resetDone, device }, call.headers);
}
