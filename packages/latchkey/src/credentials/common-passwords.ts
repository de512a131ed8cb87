/** The passwords that everybody tries first, loaded at the first question: 49,000 of them, the most common first. */
let common: Promise<ReadonlySet<string>> | null = null;

export async function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= load();
  return await common;
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].map((word) => String(word).toLowerCase()));
}
