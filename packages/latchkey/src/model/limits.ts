/** Which limits hold for an account: of the settings, of its roles, or what the host says of it. */
import type { Limit } from './admission.ts';
import type { DeviceClass } from './device.ts';

export type Max = Limit['max'];

/** Limits by what they are of. Each name is there once. */
export type LimitsByName<Name extends string = string> = readonly (readonly [name: Name, max: Max])[];

export type LimitSettings = {
  /** Of an account of which nothing else says one. */
  readonly limit: Max;
  readonly classLimits: LimitsByName<DeviceClass>;
  /** The client apps that are known, each with the limit of its own sessions. */
  readonly clients: LimitsByName;
  readonly roleLimits: LimitsByName;
};

/**
 * The limits of an account with these roles. `ofHost` is what the host says of it, before its roles; of several roles with a limit
 * the largest counts. The account's own limit is always among them.
 */
export function limitsFor(
  { limit, classLimits, clients, roleLimits }: LimitSettings,
  { roles, ofHost }: { readonly roles: readonly string[]; readonly ofHost: Max | null },
): readonly Limit[] {
  const ofRoles = roleLimits.filter(([role]) => roles.includes(role)).map(([, max]) => max);
  const account = ofHost ?? (ofRoles.length > 0 ? ofRoles.reduce(larger) : limit);
  return [
    ...clients.filter(([, max]) => max !== 'unlimited').map(([id, max]): Limit => ({ bucket: `client:${id}`, max })),
    ...classLimits.map(([name, max]): Limit => ({ bucket: `class:${name}`, max })),
    { bucket: 'account', max: account },
  ];
}

function larger(a: Max, b: Max): Max {
  return a === 'unlimited' || b === 'unlimited' ? 'unlimited' : Math.max(a, b);
}

/**
 * Whether a limit holds that looks at what a client says of itself. Whoever says something else is not counted by it: only the
 * account's own limit keeps that from being a place more (K4).
 */
export function looksAtClaims({ classLimits, clients }: Pick<LimitSettings, 'classLimits' | 'clients'>): boolean {
  return [...classLimits, ...clients].some(([, max]) => max !== 'unlimited');
}
