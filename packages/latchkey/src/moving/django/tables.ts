/** Which of Django's tables are there, and by what names: a custom user model is described by a mapping file. */
import { namesWith, type ProviderNames } from '../providers.ts';
import { quoted, type Rows, UnusableSource } from '../sources/rows.ts';
import { PROVIDERS } from './providers.ts';

/** What an account needs, and what it is called in `auth_user`. */
const FIELDS = [
  'id',
  'username',
  'password',
  'email',
  'first_name',
  'last_name',
  'is_active',
  'is_staff',
  'is_superuser',
  'date_joined',
  'last_login',
] as const;

export type Field = (typeof FIELDS)[number];

/** How a project's own user model differs; a JSON file. All of it may be left out. */
export type Mapping = {
  /** The table of users, `auth_user`. */
  readonly table?: string;
  /** Columns that are called otherwise, and `null` for what the model does not have. */
  readonly columns?: Readonly<Partial<Record<Field, string | null>>>;
  /** Columns that come along as extra fields: the field's name here, and the column's there. */
  readonly profile?: Readonly<Record<string, string>>;
  /** The table of users and groups, and its column that names the user. */
  readonly groups?: { readonly table: string; readonly user: string };
  /** The roles that the flags become: `staff` and `superuser`. */
  readonly roles?: { readonly is_staff?: string; readonly is_superuser?: string };
  /** The issuers of providers that are called otherwise here, or may be a server of one's own: `{"gitlab": "https://gitlab.com"}`. */
  readonly providers?: Readonly<Record<string, string>>;
};

export type Tables = {
  readonly users: string;
  /** The column of each field; null for one that is not there. */
  readonly columns: Readonly<Record<Field, string | null>>;
  readonly profile: readonly (readonly [field: string, column: string])[];
  readonly groups: { readonly table: string; readonly user: string } | null;
  readonly roles: { readonly is_staff: string; readonly is_superuser: string };
  readonly providers: ProviderNames;
  readonly has: (table: OtherTable) => boolean;
};

const OTHERS = [
  'authtoken_token',
  'account_emailaddress',
  'socialaccount_socialaccount',
  'mfa_authenticator',
  'otp_totp_totpdevice',
  'django_session',
  'auth_user_user_permissions',
] as const;

export type OtherTable = (typeof OTHERS)[number];

/** @throws UnusableSource for a mapping that does not fit, with what is there */
export async function findTables(rows: Rows, mapping: Mapping): Promise<Tables> {
  const users = mapping.table ?? 'auth_user';
  const there = await rows.columns(users);
  if (there.size === 0) {
    throw new UnusableSource(`There is no table ${users}: a mapping file names the table of a user model of its own.`);
  }
  const wanted = [...Object.values(mapping.columns ?? {}), ...Object.values(mapping.profile ?? {})];
  const missing = wanted.filter((column) => column !== null && !there.has(column));
  if (missing.length > 0) throw new UnusableSource(`The table ${users} has no column ${missing.join(', ')}.`);
  const columns = Object.fromEntries(
    FIELDS.map((field) => {
      const named = mapping.columns?.[field];
      return [field, named === undefined ? (there.has(field) ? field : null) : named];
    }),
  ) as Tables['columns'];
  if (columns.id === null || columns.username === null || columns.password === null) {
    throw new UnusableSource(
      `The table ${users} needs id, username and password: a mapping file says which columns they are, such as {"columns": {"username": "email"}}.`,
    );
  }
  const present = new Set<string>();
  for (const table of OTHERS) if ((await rows.columns(table)).size > 0) present.add(table);
  return {
    users,
    columns,
    profile: Object.entries(mapping.profile ?? {}),
    groups: await groupsOf(rows, users, mapping),
    roles: { is_staff: 'staff', is_superuser: 'superuser', ...mapping.roles },
    providers: namesWith(PROVIDERS, mapping.providers),
    has: (table) => present.has(table),
  };
}

/** Django names it after the model: `auth_user_groups` with `user_id`, `shop_customer_groups` with `customer_id`. */
async function groupsOf(rows: Rows, users: string, mapping: Mapping): Promise<Tables['groups']> {
  const table = mapping.groups?.table ?? `${users}_groups`;
  const columns = await rows.columns(table);
  if (!columns.has('group_id')) return null;
  const user = mapping.groups?.user ?? [...columns].find((name) => name.endsWith('_id') && name !== 'group_id');
  return user === undefined || !columns.has(user) ? null : { table, user };
}

/** The fields of users, by their own names. */
export function userColumns({ columns, profile }: Tables): string {
  const fields = FIELDS.map((field) => {
    const column = columns[field];
    return column === null ? `NULL AS ${field}` : `${quoted(column)} AS ${field}`;
  });
  return [...fields, ...profile.map(([, column], at) => `${quoted(column)} AS profile_${at}`)].join(', ');
}
