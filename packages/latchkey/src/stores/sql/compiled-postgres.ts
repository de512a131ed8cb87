/** Every statement as PostgreSQL runs it. Made by `npm run sql` from the statements beside it: change those. */
import type { Compiled } from './statement.ts';

export const compiled: Readonly<Record<string, Compiled>> = {
  'history.insert': {
    sql: 'insert into "@schema"."history" ("at", "kind", "account_id", "session_id", "data") values ($1, $2, $3, $4, $5)',
    parameters: [{ arg: 'at' }, { arg: 'kind' }, { arg: 'account_id' }, { arg: 'session_id' }, { arg: 'data' }],
  },
  'history.selectPage': {
    sql: 'select * from "@schema"."history" where "account_id" = $1 and "id" < $2 order by "id" desc limit $3',
    parameters: [{ arg: 'account_id' }, { arg: 'before' }, { arg: 'limit' }],
  },
  'history.selectByAccount': {
    sql: 'select "id", "at", "kind", "account_id", "session_id", "data" from "@schema"."history" where ("account_id", "id") > ($1, $2) and "id" >= $3 order by "account_id", "id" limit $4',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }, { arg: 'first' }, { arg: 'limit' }],
  },
  'history.selectNext': {
    sql: 'select "id", "at" from "@schema"."history" where "id" >= $1 order by "id" limit $2',
    parameters: [{ arg: 'id' }, { constant: 1 }],
  },
  'history.selectNewest': {
    sql: 'select "id" from "@schema"."history" order by "id" desc limit $1',
    parameters: [{ constant: 1 }],
  },
  'history.selectHighest': {
    sql: 'select "account_id" from "@schema"."history" order by "account_id" desc limit $1',
    parameters: [{ constant: 1 }],
  },
  'history.selectChanges': {
    sql: 'select "position" as "position", "at", "kind", "account_id", "session_id", "data" from "@schema"."history" where "position" > $1 order by "position" limit $2',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'history.selectChangesOf': {
    sql: 'select "position" as "position", "at", "kind", "account_id", "session_id", "data" from "@schema"."history" where "position" > $1 and "account_id" = $2 order by "position" limit $3',
    parameters: [{ arg: 'after' }, { arg: 'account_id' }, { arg: 'limit' }],
  },
  'history.removeOld': {
    sql: 'delete from "@schema"."history" where "id" in (select "oldest"."id" from (select "id", "at" from "@schema"."history" order by "id" limit $1) as "oldest" where "oldest"."at" <= $2) and "id" < (select max("id") as "last" from "@schema"."history") returning "id"',
    parameters: [{ arg: 'limit' }, { arg: 'before' }],
  },
  'history.selectFirstOpened': {
    sql: 'select "session_id" from "@schema"."history" where "account_id" = $1 and "kind" = $2 order by "id" limit 1',
    parameters: [{ arg: 'account_id' }, { constant: 'session_opened' }],
  },
  'history.removeDevices': {
    sql: 'update "@schema"."history" set "data" = coalesce((select json_object_agg("field"."key", "field"."value") as "data" from json_each("data") as "field" where "field"."key" not in ($1, $2, $3, $4, $5, $6, $7, $8, $9)), $10) where "account_id" = $11',
    parameters: [{ constant: 'device' }, { constant: 'class' }, { constant: 'device_id' }, { constant: 'place' }, { constant: 'lat' }, { constant: 'lon' }, { constant: 'network' }, { constant: 'by' }, { constant: 'by_class' }, { constant: '{}' }, { arg: 'account_id' }],
  },
  'once.insert': {
    sql: 'insert into "@schema"."once" ("hash", "purpose", "account_id", "data", "created_at", "expires_at") values ($1, $2, $3, $4, $5, $6) on conflict ("hash") do update set "data" = $7, "created_at" = $8, "expires_at" = $9 where "@schema"."once"."purpose" = $10 and "@schema"."once"."expires_at" <= $11 returning "purpose"',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'account_id' }, { arg: 'data' }, { arg: 'created_at' }, { arg: 'expires_at' }, { arg: 'data' }, { arg: 'created_at' }, { arg: 'expires_at' }, { arg: 'purpose' }, { arg: 'created_at' }],
  },
  'once.selectGood': {
    sql: 'select "account_id", "data" from "@schema"."once" where "hash" = $1 and "purpose" = $2 and "expires_at" > $3',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'once.deleteGood': {
    sql: 'delete from "@schema"."once" where "hash" = $1 and "purpose" = $2 and "expires_at" > $3 returning "account_id", "data"',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'once.deleteOfAccount': {
    sql: 'delete from "@schema"."once" where "account_id" = $1 and "purpose" = $2',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }],
  },
  'once.deleteLater': {
    sql: 'delete from "@schema"."once" where "account_id" = $1 and "purpose" = $2 and "created_at" > (select "own"."created_at" from "@schema"."once" as "own" where "own"."hash" = $3)',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }, { arg: 'hash' }],
  },
  'once.deleteAny': {
    sql: 'delete from "@schema"."once" where "hash" in (select "hash" from "@schema"."once" order by "hash" limit $1) returning "purpose"',
    parameters: [{ arg: 'limit' }],
  },
  'once.deleteExpired': {
    sql: 'delete from "@schema"."once" where "hash" in (select "hash" from "@schema"."once" where "expires_at" <= $1 limit $2 for update skip locked) returning "purpose"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'outbox.insert': {
    sql: 'insert into "@schema"."outbox" ("topic", "payload", "created_at", "due_at", "attempts", "error") values ($1, $2, $3, $4, $5, $6)',
    parameters: [{ arg: 'topic' }, { arg: 'payload' }, { arg: 'now' }, { arg: 'now' }, { constant: 0 }, { constant: null }],
  },
  'outbox.claimDue': {
    sql: 'with "due" as materialized (select "id" from "@schema"."outbox" where "due_at" <= $1 order by "due_at" limit $2 for update skip locked) update "@schema"."outbox" set "due_at" = $3, "attempts" = "attempts" + $4 where "id" in (select "due"."id" from "due") returning *',
    parameters: [{ arg: 'now' }, { arg: 'limit' }, { arg: 'until' }, { constant: 1 }],
  },
  'outbox.remove': {
    sql: 'delete from "@schema"."outbox" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'outbox.reschedule': {
    sql: 'update "@schema"."outbox" set "due_at" = $1, "error" = $2 where "id" = $3',
    parameters: [{ arg: 'due_at' }, { arg: 'error' }, { arg: 'id' }],
  },
  'outbox.selectPage': {
    sql: 'select * from "@schema"."outbox" order by "id" desc limit $1',
    parameters: [{ arg: 'limit' }],
  },
  'outbox.removeOld': {
    sql: 'delete from "@schema"."outbox" where "id" in (select "id" from "@schema"."outbox" where "created_at" <= $1 order by "id" limit $2 for update skip locked) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'devices.see': {
    sql: 'update "@schema"."device" set "class" = $1, "name" = $2, "last_seen_at" = $3 where "account_id" = $4 and "id" = $5 returning "id"',
    parameters: [{ arg: 'class' }, { arg: 'name' }, { arg: 'at' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.insert': {
    sql: 'insert into "@schema"."device" ("account_id", "id", "class", "name", "label", "first_seen_at", "last_seen_at", "mailed_at") values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict ("account_id", "id") do nothing',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }, { arg: 'class' }, { arg: 'name' }, { constant: null }, { arg: 'at' }, { arg: 'at' }, { arg: 'mailed_at' }],
  },
  'devices.selectAll': {
    sql: 'select * from "@schema"."device" where "account_id" = $1 order by "last_seen_at" desc, "first_seen_at" desc, "id"',
    parameters: [{ arg: 'account_id' }],
  },
  'devices.remove': {
    sql: 'delete from "@schema"."device" where "account_id" = $1 and "id" = $2',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.removeAll': {
    sql: 'delete from "@schema"."device" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'settings.select': {
    sql: 'select "value" from "@schema"."setting" where "name" = $1',
    parameters: [{ arg: 'name' }],
  },
  'settings.insertNew': {
    sql: 'insert into "@schema"."setting" ("name", "value") values ($1, $2) on conflict ("name") do nothing',
    parameters: [{ arg: 'name' }, { arg: 'value' }],
  },
  'settings.upsert': {
    sql: 'insert into "@schema"."setting" ("name", "value") values ($1, $2) on conflict ("name") do update set "value" = $3',
    parameters: [{ arg: 'name' }, { arg: 'value' }, { arg: 'value' }],
  },
  'credentials.insert': {
    sql: 'insert into "@schema"."credential" ("id", "account_id", "kind", "label", "data", "created_at") values ($1, $2, $3, $4, $5, $6) on conflict ("id") do nothing returning "id"',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }, { arg: 'kind' }, { arg: 'label' }, { arg: 'data' }, { arg: 'created_at' }],
  },
  'credentials.selectById': {
    sql: 'select * from "@schema"."credential" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'credentials.replaceData': {
    sql: 'update "@schema"."credential" set "data" = $1, "last_used_at" = $2 where "id" = $3 and "data" = $4 returning "id"',
    parameters: [{ arg: 'to' }, { arg: 'now' }, { arg: 'id' }, { arg: 'from' }],
  },
  'accounts.selectStanding': {
    sql: 'select "state", "valid_from" from "@schema"."account" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'sessions.insertGate': {
    sql: 'insert into "@schema"."gate" ("account_id", "state", "roles", "revision", "valid_from", "kept", "reason", "last_sequence") values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict ("account_id") do nothing',
    parameters: [{ arg: 'account_id' }, { arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { constant: 0 }],
  },
  'sessions.selectGate': {
    sql: 'select * from "@schema"."gate" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'sessions.updateGate': {
    sql: 'update "@schema"."gate" set "state" = $1, "roles" = $2, "revision" = $3, "valid_from" = $4, "kept" = $5, "reason" = $6 where "account_id" = $7',
    parameters: [{ arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { arg: 'account_id' }],
  },
  'sessions.nextSequence': {
    sql: 'update "@schema"."gate" set "last_sequence" = "last_sequence" + $1 where "account_id" = $2 returning "last_sequence"',
    parameters: [{ constant: 1 }, { arg: 'account_id' }],
  },
  'sessions.selectByToken': {
    sql: 'select "id", "account_id", "sequence", "device_id", "device_class", "device_name", "method", "opened_at", "authenticated_at", "seen_at", "expires_at", "opened_revision", "roles", "ended_at", "ended_reason", "ended_by", "ended_by_class", "ended_by_name", "place", "client", "binding" from "@schema"."session" where "token_hash" = $1',
    parameters: [{ arg: 'token_hash' }],
  },
  'sessions.selectHolder': {
    sql: 'select * from "@schema"."session" where "token_hash" = $1',
    parameters: [{ arg: 'token_hash' }],
  },
  'sessions.selectById': {
    sql: 'select * from "@schema"."session" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'sessions.selectEndedBy': {
    sql: 'select * from "@schema"."session" where "account_id" = $1 and "ended_by" = $2 order by "sequence"',
    parameters: [{ arg: 'account_id' }, { arg: 'ended_by' }],
  },
  'sessions.selectNotEnded': {
    sql: 'select * from "@schema"."session" where "account_id" = $1 and "ended_at" is null order by "sequence" desc',
    parameters: [{ arg: 'account_id' }],
  },
  'sessions.insertSession': {
    sql: 'insert into "@schema"."session" ("token_hash", "id", "account_id", "sequence", "device_id", "device_class", "device_name", "place", "client", "binding", "method", "opened_at", "authenticated_at", "seen_at", "expires_at", "opened_revision", "roles", "ended_at", "ended_reason", "ended_by", "ended_by_class", "ended_by_name") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) returning *',
    parameters: [{ arg: 'token_hash' }, { arg: 'id' }, { arg: 'account_id' }, { arg: 'sequence' }, { arg: 'device_id' }, { arg: 'device_class' }, { arg: 'device_name' }, { arg: 'place' }, { arg: 'client' }, { arg: 'binding' }, { arg: 'method' }, { arg: 'now' }, { arg: 'authenticated_at' }, { arg: 'now' }, { arg: 'expires_at' }, { arg: 'opened_revision' }, { arg: 'roles' }, { constant: null }, { constant: null }, { constant: null }, { constant: null }, { constant: null }],
  },
  'sessions.endLive': {
    sql: 'update "@schema"."session" set "ended_at" = $1, "ended_reason" = $2, "ended_by" = $3, "ended_by_class" = $4, "ended_by_name" = $5 where "id" = $6 and "ended_at" is null returning *',
    parameters: [{ arg: 'now' }, { arg: 'reason' }, { arg: 'by' }, { arg: 'by_class' }, { arg: 'by_name' }, { arg: 'id' }],
  },
  'sessions.renewLive': {
    sql: 'update "@schema"."session" set "authenticated_at" = $1 where "id" = $2 and "ended_at" is null returning *',
    parameters: [{ arg: 'now' }, { arg: 'id' }],
  },
  'sessions.bindUnbound': {
    sql: 'update "@schema"."session" set "binding" = $1 where "id" = $2 and "ended_at" is null and "binding" is null returning *',
    parameters: [{ arg: 'binding' }, { arg: 'id' }],
  },
  'sessions.refreshRoles': {
    sql: 'update "@schema"."session" set "roles" = $1 where "account_id" = $2 and "ended_at" is null and "roles" != $3',
    parameters: [{ arg: 'roles' }, { arg: 'account_id' }, { arg: 'roles' }],
  },
  'sessions.removeDevices': {
    sql: 'update "@schema"."session" set "device_id" = $1, "device_name" = $2, "place" = $3, "binding" = $4, "ended_by_name" = case when "ended_by_name" is null then null else $5 end where "account_id" = $6',
    parameters: [{ constant: null }, { arg: 'name' }, { constant: null }, { constant: null }, { arg: 'name' }, { arg: 'account_id' }],
  },
  'sessions.touchLive': {
    sql: 'update "@schema"."session" set "seen_at" = $1 where "token_hash" in (select "token_hash" from "@schema"."session" where "token_hash" = $2 and "ended_at" is null and "seen_at" > $3 and "seen_at" < $4 for update skip locked)',
    parameters: [{ arg: 'now' }, { arg: 'token_hash' }, { arg: 'idle_since' }, { arg: 'now' }],
  },
  'sessions.purgeEnded': {
    sql: 'delete from "@schema"."session" where "token_hash" in (select "token_hash" from "@schema"."session" where "ended_at" <= $1 limit $2 for update skip locked) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'sessions.purgeExpired': {
    sql: 'delete from "@schema"."session" where "token_hash" in (select "token_hash" from "@schema"."session" where "expires_at" <= $1 limit $2 for update skip locked) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'apart.upsert': {
    sql: 'insert into "@schema"."handover" ("account_id", "revision", "due_at") values ($1, $2, $3) on conflict ("account_id") do update set "revision" = $4, "due_at" = $5',
    parameters: [{ arg: 'account_id' }, { arg: 'revision' }, { arg: 'due_at' }, { arg: 'revision' }, { arg: 'due_at' }],
  },
  'apart.upsertAll': {
    sql: 'insert into "@schema"."handover" ("account_id", "revision", "due_at") select "id" as "account_id", "revision", cast($1 as bigint) as "due_at" from "@schema"."account" where "id" >= $2 and "id" <= $3 on conflict ("account_id") do update set "revision" = "excluded"."revision", "due_at" = "excluded"."due_at"',
    parameters: [{ arg: 'due_at' }, { arg: 'from' }, { arg: 'to' }],
  },
  'apart.claimDue': {
    sql: 'update "@schema"."handover" set "due_at" = $1 where "account_id" in (select "account_id" from "@schema"."handover" where "due_at" <= $2 limit $3 for update skip locked) returning "account_id"',
    parameters: [{ arg: 'until' }, { arg: 'now' }, { arg: 'limit' }],
  },
  'apart.remove': {
    sql: 'delete from "@schema"."handover" where "account_id" = $1 and "revision" = $2',
    parameters: [{ arg: 'account_id' }, { arg: 'revision' }],
  },
  'apart.takeCursor': {
    sql: 'select "value" from "@schema"."setting" where "name" = $1 for update',
    parameters: [{ arg: 'name' }],
  },
  'apart.insertCursor': {
    sql: 'insert into "@schema"."setting" ("name", "value") values ($1, $2) on conflict ("name") do nothing',
    parameters: [{ arg: 'name' }, { constant: '' }],
  },
  'apart.selectWritten': {
    sql: 'select "id" from "@schema"."history" where "account_id" = $1 and "session_id" = $2 and "kind" = $3 limit 1',
    parameters: [{ arg: 'account_id' }, { arg: 'session_id' }, { arg: 'kind' }],
  },
  'imported.markOwnPassword': {
    sql: 'update "@schema"."imported" set "own_password" = 1 where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'imported.forget': {
    sql: 'update "@schema"."imported" set "prints" = $1, "origin" = $2 where "account_id" = $3',
    parameters: [{ arg: 'nothing' }, { arg: 'nothing' }, { arg: 'account_id' }],
  },
  'imported.forgetEmails': {
    sql: 'delete from "@schema"."imported_email" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'imported.forgetKeys': {
    sql: 'delete from "@schema"."imported_key" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'accounts.selectById': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."account" left join "@schema"."email" on "@schema"."email"."account_id" = "@schema"."account"."id" and "@schema"."email"."is_primary" = 1 where "@schema"."account"."id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'accounts.selectByUsername': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."account" left join "@schema"."email" on "@schema"."email"."account_id" = "@schema"."account"."id" and "@schema"."email"."is_primary" = 1 where "@schema"."account"."username_key" = $1',
    parameters: [{ arg: 'username_key' }],
  },
  'accounts.selectByEmail': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."email" inner join "@schema"."account" on "@schema"."account"."id" = "@schema"."email"."account_id" where "@schema"."email"."address_key" = $1 order by "@schema"."email"."verified" desc, "@schema"."account"."id" limit 5',
    parameters: [{ arg: 'address_key' }],
  },
  'accounts.selectPage': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."account" left join "@schema"."email" on "@schema"."email"."account_id" = "@schema"."account"."id" and "@schema"."email"."is_primary" = 1 where "@schema"."account"."id" > $1 order by "@schema"."account"."id" limit $2',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'accounts.insertAccount': {
    sql: 'insert into "@schema"."account" ("username", "username_key", "first_name", "last_name", "profile", "password_hash", "password_scheme", "state", "roles", "revision", "valid_from", "kept", "reason", "created_at") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning "id"',
    parameters: [{ arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { constant: null }, { arg: 'reason' }, { arg: 'now' }],
  },
  'accounts.updateGate': {
    sql: 'update "@schema"."account" set "state" = $1, "roles" = $2, "revision" = $3, "valid_from" = $4, "kept" = $5, "reason" = $6 where "id" = $7',
    parameters: [{ arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { arg: 'id' }],
  },
  'accounts.updateNames': {
    sql: 'update "@schema"."account" set "username" = $1, "username_key" = $2, "first_name" = $3, "last_name" = $4, "profile" = $5 where "id" = $6',
    parameters: [{ arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'id' }],
  },
  'accounts.updatePassword': {
    sql: 'update "@schema"."account" set "password_hash" = $1, "password_scheme" = $2 where "id" = $3',
    parameters: [{ arg: 'hash' }, { arg: 'scheme' }, { arg: 'id' }],
  },
  'accounts.replacePassword': {
    sql: 'update "@schema"."account" set "password_hash" = $1, "password_scheme" = $2 where "id" = $3 and "password_hash" = $4 returning "id"',
    parameters: [{ arg: 'hash' }, { arg: 'scheme' }, { arg: 'id' }, { arg: 'from' }],
  },
  'accounts.deleteAccount': {
    sql: 'delete from "@schema"."account" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'accounts.deleteLinks': {
    sql: 'delete from "@schema"."once" where "account_id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'accounts.deleteSecondSteps': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "kind" in ($2, $3) returning "id"',
    parameters: [{ arg: 'id' }, { constant: 'totp' }, { constant: 'recovery_codes' }],
  },
  'accounts.deletePasskeys': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "kind" = $2 returning "id"',
    parameters: [{ arg: 'id' }, { constant: 'passkey' }],
  },
  'accounts.deleteWaysIn': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "kind" in ($2, $3) returning "kind"',
    parameters: [{ arg: 'id' }, { constant: 'social' }, { constant: 'passkey' }],
  },
  'accounts.deleteNewerSteps': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "kind" in ($2, $3) and "created_at" >= $4 returning "kind"',
    parameters: [{ arg: 'id' }, { constant: 'totp' }, { constant: 'recovery_codes' }, { arg: 'since' }],
  },
  'accounts.deleteNewer': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "created_at" >= $2 returning "kind"',
    parameters: [{ arg: 'id' }, { arg: 'since' }],
  },
  'accounts.deleteCredentials': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 returning "kind"',
    parameters: [{ arg: 'id' }],
  },
  'accounts.selectNextScheme': {
    sql: 'select "password_scheme" from "@schema"."account" where "password_scheme" > $1 order by "password_scheme" limit $2',
    parameters: [{ arg: 'after' }, { constant: 1 }],
  },
  'accounts.insertEmail': {
    sql: 'insert into "@schema"."email" ("account_id", "address", "address_key", "verified", "is_primary") values ($1, $2, $3, $4, $5)',
    parameters: [{ arg: 'account_id' }, { arg: 'address' }, { arg: 'address_key' }, { arg: 'verified' }, { constant: 1 }],
  },
  'accounts.clearPassword': {
    sql: 'update "@schema"."account" set "password_hash" = $1, "password_scheme" = $2 where "id" = $3',
    parameters: [{ constant: null }, { constant: null }, { arg: 'id' }],
  },
  'accounts.deleteEmails': {
    sql: 'delete from "@schema"."email" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'accounts.selectVerified': {
    sql: 'select "account_id" from "@schema"."email" where "address_key" = $1 and "verified" = 1',
    parameters: [{ arg: 'address_key' }],
  },
  'accounts.verifyAddress': {
    sql: 'update "@schema"."email" set "verified" = $1 where "account_id" = $2 and "address_key" = $3 returning "address"',
    parameters: [{ constant: 1 }, { arg: 'account_id' }, { arg: 'address_key' }],
  },
  'allotted.select': {
    sql: 'select "account_id" from "@schema"."imported_id" where "source" = $1 and "source_id" = $2',
    parameters: [{ arg: 'source' }, { arg: 'source_id' }],
  },
  'allotted.selectPage': {
    sql: 'select "account_id", "source_id" from "@schema"."imported_id" where "source" = $1 and "account_id" > $2 order by "account_id" limit $3',
    parameters: [{ arg: 'source' }, { arg: 'after' }, { arg: 'limit' }],
  },
  'allotted.insertNext': {
    sql: 'insert into "@schema"."imported_id" ("source", "source_id") values ($1, $2) on conflict ("source", "source_id") do nothing',
    parameters: [{ arg: 'source' }, { arg: 'source_id' }],
  },
  'allotted.remove': {
    sql: 'delete from "@schema"."imported_id" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'approvals.selectOfAccount': {
    sql: 'select "hash", "data" from "@schema"."once" where "account_id" = $1 and "purpose" = $2 and "expires_at" > $3 order by "created_at"',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'approvals.update': {
    sql: 'update "@schema"."once" set "data" = $1, "expires_at" = $2 where "hash" = $3',
    parameters: [{ arg: 'data' }, { arg: 'expires_at' }, { arg: 'hash' }],
  },
  'counters.count': {
    sql: 'insert into "@schema"."counter" ("key", "count", "resets_at") values ($1, $2, $3) on conflict ("key") do update set "count" = case when ("@schema"."counter"."resets_at" <= $4 or "@schema"."counter"."resets_at" > $5) then 1 when "@schema"."counter"."count" <= $6 then "@schema"."counter"."count" + $7 else "@schema"."counter"."count" end, "resets_at" = case when ("@schema"."counter"."resets_at" <= $8 or "@schema"."counter"."resets_at" > $9) then $10 else "@schema"."counter"."resets_at" end returning "count", "resets_at"',
    parameters: [{ arg: 'key' }, { constant: 1 }, { arg: 'resets_at' }, { arg: 'now' }, { arg: 'resets_at' }, { arg: 'limit' }, { constant: 1 }, { arg: 'now' }, { arg: 'resets_at' }, { arg: 'resets_at' }],
  },
  'counters.uncount': {
    sql: 'update "@schema"."counter" set "count" = "count" - $1 where "key" = $2 and "resets_at" > $3 and "count" > $4',
    parameters: [{ constant: 1 }, { arg: 'key' }, { arg: 'now' }, { constant: 0 }],
  },
  'counters.remove': {
    sql: 'delete from "@schema"."counter" where "key" = $1',
    parameters: [{ arg: 'key' }],
  },
  'counters.removeOver': {
    sql: 'delete from "@schema"."counter" where "key" in (select "key" from "@schema"."counter" where "resets_at" <= $1 limit $2 for update skip locked) returning "key"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'credentials.selectOf': {
    sql: 'select * from "@schema"."credential" where "account_id" = $1 order by "created_at", "id"',
    parameters: [{ arg: 'account_id' }],
  },
  'credentials.selectStalest': {
    sql: 'select * from "@schema"."credential" where "kind" = $1 order by coalesce("last_used_at", "created_at"), "id" limit $2',
    parameters: [{ arg: 'kind' }, { constant: 1 }],
  },
  'credentials.remove': {
    sql: 'delete from "@schema"."credential" where "account_id" = $1 and "id" = $2 returning "id", "kind"',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }],
  },
  'credentials.updateLabel': {
    sql: 'update "@schema"."credential" set "label" = $1 where "account_id" = $2 and "id" = $3 returning "id"',
    parameters: [{ arg: 'label' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.setLabel': {
    sql: 'update "@schema"."device" set "label" = $1 where "account_id" = $2 and "id" = $3',
    parameters: [{ arg: 'label' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.selectAccount': {
    sql: 'select "id" from "@schema"."account" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'imports.selectThere': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."account" left join "@schema"."email" on "@schema"."email"."account_id" = "@schema"."account"."id" and "@schema"."email"."is_primary" = 1 where "@schema"."account"."id" > $1 and "@schema"."account"."id" <= $2',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectPage': {
    sql: 'select "@schema"."account".*, "@schema"."email"."address", "@schema"."email"."verified" from "@schema"."account" left join "@schema"."email" on "@schema"."email"."account_id" = "@schema"."account"."id" and "@schema"."email"."is_primary" = 1 where "@schema"."account"."id" > $1 order by "@schema"."account"."id" limit $2',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectImported': {
    sql: 'select * from "@schema"."imported" where "account_id" > $1 and "account_id" <= $2',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectOrigin': {
    sql: 'select "origin" from "@schema"."imported" where "account_id" = $1 and "source" = $2',
    parameters: [{ arg: 'account_id' }, { arg: 'source' }],
  },
  'imports.count': {
    sql: 'select count(*) as "count" from "@schema"."imported" inner join "@schema"."account" on "@schema"."account"."id" = "@schema"."imported"."account_id" where "@schema"."imported"."source" = $1',
    parameters: [{ arg: 'source' }],
  },
  'imports.selectExported': {
    sql: 'select * from "@schema"."exported" where "account_id" > $1 and "account_id" <= $2',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.insertExported': {
    sql: 'insert into "@schema"."exported" ("account_id") values ($1) on conflict ("account_id") do nothing',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.selectExportedClosed': {
    sql: 'select "@schema"."exported"."account_id" from "@schema"."exported" left join "@schema"."account" on "@schema"."account"."id" = "@schema"."exported"."account_id" where "@schema"."account"."id" is null and "@schema"."exported"."account_id" > $1 order by "@schema"."exported"."account_id" limit $2',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectClosed': {
    sql: 'select "@schema"."imported"."account_id" from "@schema"."imported" left join "@schema"."account" on "@schema"."account"."id" = "@schema"."imported"."account_id" where "@schema"."account"."id" is null and "@schema"."imported"."source" = $1 and "@schema"."imported"."account_id" > $2 order by "@schema"."imported"."account_id" limit $3',
    parameters: [{ arg: 'source' }, { arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectNameHolder': {
    sql: 'select "@schema"."account"."id", "@schema"."imported"."source" from "@schema"."account" left join "@schema"."imported" on "@schema"."imported"."account_id" = "@schema"."account"."id" where "@schema"."account"."username_key" = $1',
    parameters: [{ arg: 'key' }],
  },
  'imports.selectAddressHolder': {
    sql: 'select "@schema"."email"."account_id", "@schema"."imported"."source" from "@schema"."email" left join "@schema"."imported" on "@schema"."imported"."account_id" = "@schema"."email"."account_id" where "@schema"."email"."address_key" = $1 and "@schema"."email"."verified" = 1',
    parameters: [{ arg: 'key' }],
  },
  'imports.selectCredential': {
    sql: 'select "account_id" from "@schema"."credential" where "id" = $1',
    parameters: [{ arg: 'id' }],
  },
  'imports.insertAccount': {
    sql: 'insert into "@schema"."account" ("id", "username", "username_key", "first_name", "last_name", "profile", "password_hash", "password_scheme", "state", "roles", "revision", "valid_from", "kept", "reason", "created_at") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, 1, null, $11, $12)',
    parameters: [{ arg: 'id' }, { arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'state' }, { arg: 'roles' }, { constant: 'revoked' }, { arg: 'created_at' }],
  },
  'imports.countOn': {
    sql: 'select case when nextval(pg_get_serial_sequence(concat(regclass("@schema"."account"."tableoid")), $1)) < "@schema"."account"."id" then setval(pg_get_serial_sequence(concat(regclass("@schema"."account"."tableoid")), $2), "@schema"."account"."id") end as "counted" from "@schema"."account" where "@schema"."account"."id" = $3',
    parameters: [{ constant: 'id' }, { constant: 'id' }, { arg: 'id' }],
  },
  'imports.updateNames': {
    sql: 'update "@schema"."account" set "first_name" = $1, "last_name" = $2, "profile" = $3 where "id" = $4',
    parameters: [{ arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'id' }],
  },
  'imports.updateUsername': {
    sql: 'update "@schema"."account" set "username" = $1, "username_key" = $2 where "id" = $3',
    parameters: [{ arg: 'name' }, { arg: 'key' }, { arg: 'id' }],
  },
  'imports.park': {
    sql: 'update "@schema"."account" set "username_key" = $1 where "id" = $2',
    parameters: [{ arg: 'key' }, { arg: 'id' }],
  },
  'imports.updatePassword': {
    sql: 'update "@schema"."account" set "password_hash" = $1, "password_scheme" = $2 where "id" = $3',
    parameters: [{ arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'id' }],
  },
  'imports.upsert': {
    sql: 'insert into "@schema"."imported" ("account_id", "source", "prints", "origin", "own_password") values ($1, $2, $3, $4, 0) on conflict ("account_id") do update set "prints" = $5, "origin" = $6',
    parameters: [{ arg: 'account_id' }, { arg: 'source' }, { arg: 'prints' }, { arg: 'origin' }, { arg: 'prints' }, { arg: 'origin' }],
  },
  'imports.lookAnew': {
    sql: 'update "@schema"."imported" set "prints" = $1 where "account_id" = $2',
    parameters: [{ constant: '' }, { arg: 'account_id' }],
  },
  'imports.remove': {
    sql: 'delete from "@schema"."imported" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.removeEmails': {
    sql: 'delete from "@schema"."email" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.insertEmail': {
    sql: 'insert into "@schema"."email" ("account_id", "address", "address_key", "verified", "is_primary") values ($1, $2, $3, $4, $5)',
    parameters: [{ arg: 'account_id' }, { arg: 'address' }, { arg: 'address_key' }, { arg: 'verified' }, { arg: 'is_primary' }],
  },
  'imports.release': {
    sql: 'update "@schema"."email" set "verified" = 0 where "account_id" = $1 and "address_key" = $2',
    parameters: [{ arg: 'account_id' }, { arg: 'key' }],
  },
  'imports.verifyAddress': {
    sql: 'update "@schema"."email" set "verified" = 1 where "account_id" = $1 and "address_key" = $2 returning "address"',
    parameters: [{ arg: 'account_id' }, { arg: 'address_key' }],
  },
  'imports.removeNumbers': {
    sql: 'delete from "@schema"."imported_email" where "account_id" = $1',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.insertNumber': {
    sql: 'insert into "@schema"."imported_email" ("number", "account_id", "address_key") values ($1, $2, $3) on conflict ("number") do update set "account_id" = $4, "address_key" = $5',
    parameters: [{ arg: 'number' }, { arg: 'account_id' }, { arg: 'address_key' }, { arg: 'account_id' }, { arg: 'address_key' }],
  },
  'imports.selectNumber': {
    sql: 'select "account_id", "address_key" from "@schema"."imported_email" where "number" = $1',
    parameters: [{ arg: 'number' }],
  },
  'imports.selectEmails': {
    sql: 'select "@schema"."email".*, "@schema"."imported_email"."number" from "@schema"."email" left join "@schema"."imported_email" on "@schema"."imported_email"."account_id" = "@schema"."email"."account_id" and "@schema"."imported_email"."address_key" = "@schema"."email"."address_key" where "@schema"."email"."account_id" > $1 and "@schema"."email"."account_id" <= $2 order by "@schema"."email"."account_id", "@schema"."email"."is_primary" desc',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.removeCredential': {
    sql: 'delete from "@schema"."credential" where "id" = $1 and "account_id" = $2',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }],
  },
  'imports.insertCredential': {
    sql: 'insert into "@schema"."credential" ("id", "account_id", "kind", "label", "data", "created_at") values ($1, $2, $3, $4, $5, $6)',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }, { arg: 'kind' }, { arg: 'label' }, { arg: 'data' }, { arg: 'created_at' }],
  },
  'imports.selectCredentials': {
    sql: 'select * from "@schema"."credential" where "account_id" > $1 and "account_id" <= $2',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.sparePasts': {
    sql: 'update "@schema"."session" set "opened_revision" = $1 where "account_id" = $2 and "method" = $3 and "ended_at" is null',
    parameters: [{ arg: 'revision' }, { arg: 'account_id' }, { constant: 'imported' }],
  },
  'imports.selectKeys': {
    sql: 'select * from "@schema"."imported_key" where "account_id" > $1 and "account_id" <= $2',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectKey': {
    sql: 'select * from "@schema"."imported_key" where "token_hash" = $1',
    parameters: [{ arg: 'token_hash' }],
  },
  'imports.insertKey': {
    sql: 'insert into "@schema"."imported_key" ("token_hash", "account_id", "session_id", "kind") values ($1, $2, $3, $4) on conflict ("token_hash") do nothing',
    parameters: [{ arg: 'token_hash' }, { arg: 'account_id' }, { arg: 'session_id' }, { arg: 'kind' }],
  },
  'imports.removeKey': {
    sql: 'delete from "@schema"."imported_key" where "token_hash" = $1',
    parameters: [{ arg: 'token_hash' }],
  },
  'marks.insert': {
    sql: 'insert into "@schema"."mark" ("hash", "expires_at") values ($1, $2) on conflict ("hash") do update set "expires_at" = $3 where "@schema"."mark"."expires_at" <= $4 returning "expires_at"',
    parameters: [{ arg: 'hash' }, { arg: 'expires_at' }, { arg: 'expires_at' }, { arg: 'now' }],
  },
  'marks.removeOver': {
    sql: 'delete from "@schema"."mark" where "hash" in (select "hash" from "@schema"."mark" where "expires_at" <= $1 limit $2 for update skip locked) returning "expires_at"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'all.lockPage': {
    sql: 'select "id" from "@schema"."account" where "id" > $1 order by "id" limit $2 for update',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'all.selectHighest': {
    sql: 'select max("id") as "highest" from "@schema"."account"',
    parameters: [],
  },
  'all.voidAccounts': {
    sql: 'update "@schema"."account" set "revision" = "revision" + 1, "valid_from" = "revision" + 1, "kept" = $1, "reason" = $2 where "id" >= $3 and "id" <= $4',
    parameters: [{ constant: null }, { constant: 'revoked' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.raiseGates': {
    sql: 'insert into "@schema"."gate" ("account_id", "state", "roles", "revision", "valid_from", "kept", "reason", "last_sequence") select "id" as "account_id", "state", "roles", "revision", "valid_from", "kept", "reason", 0 as "last_sequence" from "@schema"."account" where "id" >= $1 and "id" <= $2 on conflict ("account_id") do update set "state" = "excluded"."state", "roles" = "excluded"."roles", "revision" = "excluded"."revision", "valid_from" = "excluded"."valid_from", "kept" = "excluded"."kept", "reason" = "excluded"."reason"',
    parameters: [{ arg: 'from' }, { arg: 'to' }],
  },
  'all.noteAccounts': {
    sql: 'insert into "@schema"."history" ("at", "kind", "account_id", "session_id", "data") select cast($1 as bigint) as "at", cast($2 as text) as "kind", "id" as "account_id", null as "session_id", cast($3 as json) as "data" from "@schema"."account" where "id" >= $4 and "id" <= $5 order by "id"',
    parameters: [{ arg: 'now' }, { arg: 'kind' }, { arg: 'data' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.noteSessions': {
    sql: 'insert into "@schema"."history" ("at", "kind", "account_id", "session_id", "data") select cast($1 as bigint) as "at", cast($2 as text) as "kind", "account_id", "id" as "session_id", cast($3 as json) as "data" from "@schema"."session" where "account_id" >= $4 and "account_id" <= $5 and "ended_at" is null order by "account_id", "sequence"',
    parameters: [{ arg: 'now' }, { arg: 'kind' }, { arg: 'data' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.endSessions': {
    sql: 'update "@schema"."session" set "ended_at" = $1, "ended_reason" = $2 where "account_id" >= $3 and "account_id" <= $4 and "ended_at" is null returning "account_id"',
    parameters: [{ arg: 'now' }, { arg: 'reason' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.selectGates': {
    sql: 'select * from "@schema"."gate" where "account_id" >= $1 and "account_id" <= $2',
    parameters: [{ arg: 'from' }, { arg: 'to' }],
  },
  'postgres.selectTime': {
    sql: 'select cast(date_part($1, clock_timestamp()) * 1000 as bigint) as "now"',
    parameters: [{ constant: 'epoch' }],
  },
  'postgres.takeTurn': {
    sql: 'with "held" as materialized (select "id" from "@schema"."account" where "id" = $1 for update) select count(*) as "held", cast(date_part($2, clock_timestamp()) * 1000 as bigint) as "now" from "held"',
    parameters: [{ arg: 'id' }, { constant: 'epoch' }],
  },
  'postgres.findByToken': {
    sql: 'select "id", "account_id", "sequence", "device_id", "device_class", "device_name", "method", "opened_at", "authenticated_at", "seen_at", "expires_at", "opened_revision", "roles", "ended_at", "ended_reason", "ended_by", "ended_by_class", "ended_by_name", "place", "client", "binding", cast(date_part($1, clock_timestamp()) * 1000 as bigint) as "now" from "@schema"."session" where "token_hash" = $2',
    parameters: [{ constant: 'epoch' }, { arg: 'token_hash' }],
  },
  'postgres.notify': {
    sql: 'select pg_notify($1, $2) as "said"',
    parameters: [{ arg: 'channel' }, { arg: 'text' }],
  },
  'positions.selectUnnumbered': {
    sql: 'select "id" from "@schema"."history" where "position" is null and "session_id" is not null limit 1',
    parameters: [],
  },
  'positions.selectLast': {
    sql: 'select cast("value" as bigint) as "last" from "@schema"."setting" where "name" = $1',
    parameters: [{ arg: 'name' }],
  },
  'positions.lockLast': {
    sql: 'select cast("value" as bigint) as "last" from "@schema"."setting" where "name" = $1 for update',
    parameters: [{ arg: 'name' }],
  },
  'positions.giveNext': {
    sql: 'update "@schema"."history" set "position" = "next"."turn" + $1 from (select "entry"."id", row_number() over(order by "entry"."id") as "turn" from "@schema"."history" as "entry" where "entry"."position" is null and "entry"."session_id" is not null order by "entry"."id" limit 5000) as "next" where "@schema"."history"."id" = "next"."id" returning "@schema"."history"."position"',
    parameters: [{ arg: 'last' }],
  },
  'positions.updateLast': {
    sql: 'update "@schema"."setting" set "value" = $1 where "name" = $2',
    parameters: [{ arg: 'last' }, { arg: 'name' }],
  },
};
