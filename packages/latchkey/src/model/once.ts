/** What a thing that is usable once is for. */
export type OncePurpose = 'verify-email' | 'reset-password' | 'invitation';

/** What a proof uses up at the door: a link, a code, a challenge. Known by the hash of its secret. */
export type Spend = { readonly purpose: OncePurpose; readonly hash: Uint8Array };
