/** The statements of `imports.ts`: one row each, to be asked for many at a time. */
import { type Builder, define } from './statement.ts';

type Between = { after: number; up_to: number };

function accounts(db: Builder) {
  return db
    .selectFrom('account')
    .leftJoin('email', (join) =>
      join.onRef('email.account_id', '=', 'account.id').on((eb) => eb('email.is_primary', '=', eb.lit(1))),
    )
    .selectAll('account')
    .select(['email.address', 'email.verified']);
}

export const selectThere = define<Between>('imports.selectThere')((db, arg) =>
  accounts(db).where('account.id', '>', arg.after).where('account.id', '<=', arg.up_to),
);

export const selectPage = define<{ after: number; limit: number }>('imports.selectPage')((db, arg) =>
  accounts(db).where('account.id', '>', arg.after).orderBy('account.id').limit(arg.limit),
);

export const selectImported = define<Between>('imports.selectImported')((db, arg) =>
  db.selectFrom('imported').selectAll().where('account_id', '>', arg.after).where('account_id', '<=', arg.up_to),
);

export const selectOrigin = define<{ account_id: number; source: string }>('imports.selectOrigin')((db, arg) =>
  db.selectFrom('imported').select('origin').where('account_id', '=', arg.account_id).where('source', '=', arg.source),
);

export const countImported = define<{ source: string }>('imports.count')((db, arg) =>
  db
    .selectFrom('imported')
    .innerJoin('account', 'account.id', 'imported.account_id')
    .where('imported.source', '=', arg.source)
    .select((eb) => eb.fn.countAll<number>().as('count')),
);

export const selectExported = define<Between>('imports.selectExported')((db, arg) =>
  db.selectFrom('exported').selectAll().where('account_id', '>', arg.after).where('account_id', '<=', arg.up_to),
);

export const insertExported = define<{ account_id: number }>('imports.insertExported')((db, arg) =>
  db
    .insertInto('exported')
    .values({ account_id: arg.account_id })
    .onConflict((conflict) => conflict.column('account_id').doNothing()),
);

export const selectExportedClosed = define<{ after: number; limit: number }>('imports.selectExportedClosed')(
  (db, arg) =>
    db
      .selectFrom('exported')
      .leftJoin('account', 'account.id', 'exported.account_id')
      .select('exported.account_id')
      .where('account.id', 'is', null)
      .where('exported.account_id', '>', arg.after)
      .orderBy('exported.account_id')
      .limit(arg.limit),
);

export const selectClosed = define<{ source: string; after: number; limit: number }>('imports.selectClosed')(
  (db, arg) =>
    db
      .selectFrom('imported')
      .leftJoin('account', 'account.id', 'imported.account_id')
      .select('imported.account_id')
      .where('account.id', 'is', null)
      .where('imported.source', '=', arg.source)
      .where('imported.account_id', '>', arg.after)
      .orderBy('imported.account_id')
      .limit(arg.limit),
);

export const selectNameHolder = define<{ key: string }>('imports.selectNameHolder')((db, arg) =>
  db
    .selectFrom('account')
    .leftJoin('imported', 'imported.account_id', 'account.id')
    .select(['account.id', 'imported.source'])
    .where('account.username_key', '=', arg.key),
);

export const selectAddressHolder = define<{ key: string }>('imports.selectAddressHolder')((db, arg) =>
  db
    .selectFrom('email')
    .leftJoin('imported', 'imported.account_id', 'email.account_id')
    .select(['email.account_id', 'imported.source'])
    .where('email.address_key', '=', arg.key)
    .where((eb) => eb('email.verified', '=', eb.lit(1))),
);

export const selectCredential = define<{ id: string }>('imports.selectCredential')((db, arg) =>
  db.selectFrom('credential').select('account_id').where('id', '=', arg.id),
);

/** Its number comes along, and no later account is given it. */
export const insertAccount = define<{
  id: number;
  username: string;
  username_key: string;
  first_name: string;
  last_name: string;
  profile: string;
  password_hash: string | null;
  password_scheme: string | null;
  state: string;
  roles: string;
  created_at: number;
}>('imports.insertAccount')((db, arg) =>
  db.insertInto('account').values((eb) => ({
    id: arg.id,
    username: arg.username,
    username_key: arg.username_key,
    first_name: arg.first_name,
    last_name: arg.last_name,
    profile: arg.profile,
    password_hash: arg.password_hash,
    password_scheme: arg.password_scheme,
    state: arg.state,
    roles: arg.roles,
    revision: eb.lit(1),
    valid_from: eb.lit(1),
    kept: eb.lit(null),
    reason: eb.val('revoked'),
    created_at: arg.created_at,
  })),
);

/**
 * PostgreSQL's alone: accounts that are made here get numbers beyond those that came along. Whoever takes a number meanwhile takes
 * a lower one; what was given once is never given again.
 */
export const countOn = define<{ id: number }>(
  'imports.countOn',
  'postgres',
)((db, arg) =>
  db
    .selectFrom('account')
    .select((eb) => {
      const table = eb.fn<string>('concat', [eb.fn('regclass', [eb.ref('account.tableoid' as 'account.id')])]);
      const counter = eb.fn<string>('pg_get_serial_sequence', [table, eb.val('id')]);
      return eb
        .case()
        .when(eb.fn<number>('nextval', [counter]), '<', eb.ref('account.id'))
        .then(eb.fn<number>('setval', [counter, 'account.id']))
        .end()
        .as('counted');
    })
    .where('account.id', '=', arg.id),
);

export const updateNames = define<{ id: number; first_name: string; last_name: string; profile: string }>(
  'imports.updateNames',
)((db, arg) =>
  db
    .updateTable('account')
    .set({ first_name: arg.first_name, last_name: arg.last_name, profile: arg.profile })
    .where('id', '=', arg.id),
);

export const updateUsername = define<{ id: number; name: string; key: string }>('imports.updateUsername')((db, arg) =>
  db.updateTable('account').set({ username: arg.name, username_key: arg.key }).where('id', '=', arg.id),
);

/** Nobody's name for the moment: whose it is takes another in their turn. */
export const park = define<{ id: number; key: string }>('imports.park')((db, arg) =>
  db.updateTable('account').set({ username_key: arg.key }).where('id', '=', arg.id),
);

export const updatePassword = define<{
  id: number;
  password_hash: string | null;
  password_scheme: string | null;
}>('imports.updatePassword')((db, arg) =>
  db
    .updateTable('account')
    .set({ password_hash: arg.password_hash, password_scheme: arg.password_scheme })
    .where('id', '=', arg.id),
);

/** Whether its owner has set a password here stays as it is. */
export const upsertImported = define<{ account_id: number; source: string; prints: string; origin: string }>(
  'imports.upsert',
)((db, arg) =>
  db
    .insertInto('imported')
    .values((eb) => ({
      account_id: arg.account_id,
      source: arg.source,
      prints: arg.prints,
      origin: arg.origin,
      own_password: eb.lit(0),
    }))
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ prints: arg.prints, origin: arg.origin })),
);

export const lookAnew = define<{ account_id: number }>('imports.lookAnew')((db, arg) =>
  db.updateTable('imported').set({ prints: '' }).where('account_id', '=', arg.account_id),
);

export const removeImported = define<{ account_id: number }>('imports.remove')((db, arg) =>
  db.deleteFrom('imported').where('account_id', '=', arg.account_id),
);

export const removeEmails = define<{ account_id: number }>('imports.removeEmails')((db, arg) =>
  db.deleteFrom('email').where('account_id', '=', arg.account_id),
);

export const insertEmail = define<{
  account_id: number;
  address: string;
  address_key: string;
  verified: number;
  is_primary: number;
}>('imports.insertEmail')((db, arg) =>
  db.insertInto('email').values({
    account_id: arg.account_id,
    address: arg.address,
    address_key: arg.address_key,
    verified: arg.verified,
    is_primary: arg.is_primary,
  }),
);

/** Its owner gives it up in their turn. */
export const release = define<{ account_id: number; key: string }>('imports.release')((db, arg) =>
  db
    .updateTable('email')
    .set((eb) => ({ verified: eb.lit(0) }))
    .where('account_id', '=', arg.account_id)
    .where('address_key', '=', arg.key),
);

export const verifyAddress = define<{ account_id: number; address_key: string }>('imports.verifyAddress')((db, arg) =>
  db
    .updateTable('email')
    .set((eb) => ({ verified: eb.lit(1) }))
    .where('account_id', '=', arg.account_id)
    .where('address_key', '=', arg.address_key)
    .returning('address'),
);

export const removeNumbers = define<{ account_id: number }>('imports.removeNumbers')((db, arg) =>
  db.deleteFrom('imported_email').where('account_id', '=', arg.account_id),
);

export const insertNumber = define<{ number: number; account_id: number; address_key: string }>('imports.insertNumber')(
  (db, arg) =>
    db
      .insertInto('imported_email')
      .values({ number: arg.number, account_id: arg.account_id, address_key: arg.address_key })
      .onConflict((conflict) =>
        conflict.column('number').doUpdateSet({ account_id: arg.account_id, address_key: arg.address_key }),
      ),
);

export const selectNumber = define<{ number: number }>('imports.selectNumber')((db, arg) =>
  db.selectFrom('imported_email').select(['account_id', 'address_key']).where('number', '=', arg.number),
);

export const selectEmails = define<Between>('imports.selectEmails')((db, arg) =>
  db
    .selectFrom('email')
    .leftJoin('imported_email', (join) =>
      join
        .onRef('imported_email.account_id', '=', 'email.account_id')
        .onRef('imported_email.address_key', '=', 'email.address_key'),
    )
    .selectAll('email')
    .select('imported_email.number')
    .where('email.account_id', '>', arg.after)
    .where('email.account_id', '<=', arg.up_to)
    .orderBy('email.account_id')
    .orderBy('email.is_primary', 'desc'),
);

export const removeCredential = define<{ id: string; account_id: number }>('imports.removeCredential')((db, arg) =>
  db.deleteFrom('credential').where('id', '=', arg.id).where('account_id', '=', arg.account_id),
);

export const insertCredential = define<{
  id: string;
  account_id: number;
  kind: string;
  label: string;
  data: Uint8Array;
  created_at: number;
}>('imports.insertCredential')((db, arg) =>
  db.insertInto('credential').values({
    id: arg.id,
    account_id: arg.account_id,
    kind: arg.kind,
    label: arg.label,
    data: arg.data,
    created_at: arg.created_at,
  }),
);

export const selectCredentials = define<Between>('imports.selectCredentials')((db, arg) =>
  db.selectFrom('credential').selectAll().where('account_id', '>', arg.after).where('account_id', '<=', arg.up_to),
);

/** What came along goes on when the rest ends: it counts as opened after that. */
export const sparePasts = define<{ account_id: number; revision: number }>('imports.sparePasts')((db, arg) =>
  db
    .updateTable('session')
    .set({ opened_revision: arg.revision })
    .where('account_id', '=', arg.account_id)
    .where('method', '=', 'imported')
    .where('ended_at', 'is', null),
);

export const selectKeys = define<Between>('imports.selectKeys')((db, arg) =>
  db.selectFrom('imported_key').selectAll().where('account_id', '>', arg.after).where('account_id', '<=', arg.up_to),
);

export const selectKey = define<{ token_hash: Uint8Array }>('imports.selectKey')((db, arg) =>
  db.selectFrom('imported_key').selectAll().where('token_hash', '=', arg.token_hash),
);

export const insertKey = define<{ token_hash: Uint8Array; account_id: number; session_id: string; kind: string }>(
  'imports.insertKey',
)((db, arg) =>
  db
    .insertInto('imported_key')
    .values({
      token_hash: arg.token_hash,
      account_id: arg.account_id,
      session_id: arg.session_id,
      kind: arg.kind,
    })
    .onConflict((conflict) => conflict.column('token_hash').doNothing()),
);

export const removeKey = define<{ token_hash: Uint8Array }>('imports.removeKey')((db, arg) =>
  db.deleteFrom('imported_key').where('token_hash', '=', arg.token_hash),
);
