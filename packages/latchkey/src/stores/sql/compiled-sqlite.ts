/** Every statement as SQLite runs it. Made by `npm run sql` from the statements beside it: change those. */
import type { Compiled } from './statement.ts';

export const compiled: Readonly<Record<string, Compiled>> = {
  'history.insert': {
    sql: 'insert into "history" ("at", "kind", "account_id", "session_id", "data") values (?, ?, ?, ?, ?)',
    parameters: [{ arg: 'at' }, { arg: 'kind' }, { arg: 'account_id' }, { arg: 'session_id' }, { arg: 'data' }],
  },
  'history.selectPage': {
    sql: 'select * from "history" where "account_id" = ? and "id" < ? order by "id" desc limit ?',
    parameters: [{ arg: 'account_id' }, { arg: 'before' }, { arg: 'limit' }],
  },
  'history.selectByAccount': {
    sql: 'select "id", "at", "kind", "account_id", "session_id", "data" from "history" where ("account_id", "id") > (?, ?) and "id" + 0 >= ? order by "account_id", "id" limit ?',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }, { arg: 'first' }, { arg: 'limit' }],
  },
  'history.selectNext': {
    sql: 'select "id", "at" from "history" where "id" >= ? order by "id" limit ?',
    parameters: [{ arg: 'id' }, { constant: 1 }],
  },
  'history.selectNewest': {
    sql: 'select "id" from "history" order by "id" desc limit ?',
    parameters: [{ constant: 1 }],
  },
  'history.selectHighest': {
    sql: 'select "account_id" from "history" order by "account_id" desc limit ?',
    parameters: [{ constant: 1 }],
  },
  'history.selectChanges': {
    sql: 'select "id" as "position", "at", "kind", "account_id", "session_id", "data" from "history" where "kind" in (?, ?, ?, ?, ?) and "id" > ? order by "id" limit ?',
    parameters: [{ constant: 'session_opened' }, { constant: 'session_ended' }, { constant: 'approval_asked' }, { constant: 'approval_given' }, { constant: 'approval_declined' }, { arg: 'after' }, { arg: 'limit' }],
  },
  'history.selectChangesOf': {
    sql: 'select "id" as "position", "at", "kind", "account_id", "session_id", "data" from "history" where "kind" in (?, ?, ?, ?, ?) and "id" > ? and "account_id" = ? order by "id" limit ?',
    parameters: [{ constant: 'session_opened' }, { constant: 'session_ended' }, { constant: 'approval_asked' }, { constant: 'approval_given' }, { constant: 'approval_declined' }, { arg: 'after' }, { arg: 'account_id' }, { arg: 'limit' }],
  },
  'history.selectLast': {
    sql: 'select max("id") as "last" from "history"',
    parameters: [],
  },
  'history.removeOld': {
    sql: 'delete from "history" where "id" in (select "oldest"."id" from (select "id", "at" from "history" order by "id" limit ?) as "oldest" where "oldest"."at" <= ?) and "id" < (select max("id") as "last" from "history") returning "id"',
    parameters: [{ arg: 'limit' }, { arg: 'before' }],
  },
  'history.selectFirstOpened': {
    sql: 'select "session_id" from "history" where "account_id" = ? and "kind" = ? order by "id" limit 1',
    parameters: [{ arg: 'account_id' }, { constant: 'session_opened' }],
  },
  'history.removeDevices': {
    sql: 'update "history" set "data" = json_remove("data", ?, ?, ?, ?, ?, ?, ?, ?, ?) where "account_id" = ? and json_valid("data") = 1',
    parameters: [{ constant: '$.device' }, { constant: '$.class' }, { constant: '$.device_id' }, { constant: '$.place' }, { constant: '$.lat' }, { constant: '$.lon' }, { constant: '$.network' }, { constant: '$.by' }, { constant: '$.by_class' }, { arg: 'account_id' }],
  },
  'once.insert': {
    sql: 'insert into "once" ("hash", "purpose", "account_id", "data", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?) on conflict ("hash") do update set "data" = ?, "created_at" = ?, "expires_at" = ? where "once"."purpose" = ? and "once"."expires_at" <= ? returning "purpose"',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'account_id' }, { arg: 'data' }, { arg: 'created_at' }, { arg: 'expires_at' }, { arg: 'data' }, { arg: 'created_at' }, { arg: 'expires_at' }, { arg: 'purpose' }, { arg: 'created_at' }],
  },
  'once.selectGood': {
    sql: 'select "account_id", "data" from "once" where "hash" = ? and "purpose" = ? and "expires_at" > ?',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'once.deleteGood': {
    sql: 'delete from "once" where "hash" = ? and "purpose" = ? and "expires_at" > ? returning "account_id", "data"',
    parameters: [{ arg: 'hash' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'once.deleteOfAccount': {
    sql: 'delete from "once" where "account_id" = ? and "purpose" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }],
  },
  'once.deleteLater': {
    sql: 'delete from "once" where "account_id" = ? and "purpose" = ? and "created_at" > (select "own"."created_at" from "once" as "own" where "own"."hash" = ?)',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }, { arg: 'hash' }],
  },
  'once.deleteAny': {
    sql: 'delete from "once" where "hash" in (select "hash" from "once" order by "hash" limit ?) returning "purpose"',
    parameters: [{ arg: 'limit' }],
  },
  'once.deleteExpired': {
    sql: 'delete from "once" where "hash" in (select "hash" from "once" where "expires_at" <= ? limit ?) returning "purpose"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'outbox.insert': {
    sql: 'insert into "outbox" ("topic", "payload", "created_at", "due_at", "attempts", "error") values (?, ?, ?, ?, ?, ?)',
    parameters: [{ arg: 'topic' }, { arg: 'payload' }, { arg: 'now' }, { arg: 'now' }, { constant: 0 }, { constant: null }],
  },
  'outbox.claimDue': {
    sql: 'with "due" as materialized (select "id" from "outbox" where "due_at" <= ? order by "due_at" limit ?) update "outbox" set "due_at" = ?, "attempts" = "attempts" + ? where "id" in (select "due"."id" from "due") returning *',
    parameters: [{ arg: 'now' }, { arg: 'limit' }, { arg: 'until' }, { constant: 1 }],
  },
  'outbox.remove': {
    sql: 'delete from "outbox" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'outbox.reschedule': {
    sql: 'update "outbox" set "due_at" = ?, "error" = ? where "id" = ?',
    parameters: [{ arg: 'due_at' }, { arg: 'error' }, { arg: 'id' }],
  },
  'outbox.selectPage': {
    sql: 'select * from "outbox" order by "id" desc limit ?',
    parameters: [{ arg: 'limit' }],
  },
  'outbox.removeOld': {
    sql: 'delete from "outbox" where "id" in (select "id" from "outbox" where "created_at" <= ? order by "id" limit ?) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'devices.see': {
    sql: 'update "device" set "class" = ?, "name" = ?, "last_seen_at" = ? where "account_id" = ? and "id" = ? returning "id"',
    parameters: [{ arg: 'class' }, { arg: 'name' }, { arg: 'at' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.insert': {
    sql: 'insert into "device" ("account_id", "id", "class", "name", "label", "first_seen_at", "last_seen_at", "mailed_at") values (?, ?, ?, ?, ?, ?, ?, ?) on conflict ("account_id", "id") do nothing',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }, { arg: 'class' }, { arg: 'name' }, { constant: null }, { arg: 'at' }, { arg: 'at' }, { arg: 'mailed_at' }],
  },
  'devices.selectAll': {
    sql: 'select * from "device" where "account_id" = ? order by "last_seen_at" desc, "first_seen_at" desc, "id"',
    parameters: [{ arg: 'account_id' }],
  },
  'devices.remove': {
    sql: 'delete from "device" where "account_id" = ? and "id" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.removeAll': {
    sql: 'delete from "device" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'settings.select': {
    sql: 'select "value" from "setting" where "name" = ?',
    parameters: [{ arg: 'name' }],
  },
  'settings.insertNew': {
    sql: 'insert into "setting" ("name", "value") values (?, ?) on conflict ("name") do nothing',
    parameters: [{ arg: 'name' }, { arg: 'value' }],
  },
  'settings.upsert': {
    sql: 'insert into "setting" ("name", "value") values (?, ?) on conflict ("name") do update set "value" = ?',
    parameters: [{ arg: 'name' }, { arg: 'value' }, { arg: 'value' }],
  },
  'credentials.insert': {
    sql: 'insert into "credential" ("id", "account_id", "kind", "label", "data", "created_at") values (?, ?, ?, ?, ?, ?) on conflict ("id") do nothing returning "id"',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }, { arg: 'kind' }, { arg: 'label' }, { arg: 'data' }, { arg: 'created_at' }],
  },
  'credentials.selectById': {
    sql: 'select * from "credential" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'credentials.replaceData': {
    sql: 'update "credential" set "data" = ?, "last_used_at" = ? where "id" = ? and "data" = ? returning "id"',
    parameters: [{ arg: 'to' }, { arg: 'now' }, { arg: 'id' }, { arg: 'from' }],
  },
  'accounts.selectStanding': {
    sql: 'select "state", "valid_from" from "account" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'sessions.insertGate': {
    sql: 'insert into "gate" ("account_id", "state", "roles", "revision", "valid_from", "kept", "reason", "last_sequence") values (?, ?, ?, ?, ?, ?, ?, ?) on conflict ("account_id") do nothing',
    parameters: [{ arg: 'account_id' }, { arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { constant: 0 }],
  },
  'sessions.selectGate': {
    sql: 'select * from "gate" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'sessions.updateGate': {
    sql: 'update "gate" set "state" = ?, "roles" = ?, "revision" = ?, "valid_from" = ?, "kept" = ?, "reason" = ? where "account_id" = ?',
    parameters: [{ arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { arg: 'account_id' }],
  },
  'sessions.nextSequence': {
    sql: 'update "gate" set "last_sequence" = "last_sequence" + ? where "account_id" = ? returning "last_sequence"',
    parameters: [{ constant: 1 }, { arg: 'account_id' }],
  },
  'sessions.selectByToken': {
    sql: 'select "id", "account_id", "sequence", "device_id", "device_class", "device_name", "method", "opened_at", "authenticated_at", "seen_at", "expires_at", "opened_revision", "roles", "ended_at", "ended_reason", "ended_by", "ended_by_class", "ended_by_name", "place", "client", "binding" from "session" where "token_hash" = ?',
    parameters: [{ arg: 'token_hash' }],
  },
  'sessions.selectHolder': {
    sql: 'select * from "session" where "token_hash" = ?',
    parameters: [{ arg: 'token_hash' }],
  },
  'sessions.selectById': {
    sql: 'select * from "session" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'sessions.selectEndedBy': {
    sql: 'select * from "session" where "account_id" = ? and "ended_by" = ? order by "sequence"',
    parameters: [{ arg: 'account_id' }, { arg: 'ended_by' }],
  },
  'sessions.selectNotEnded': {
    sql: 'select * from "session" where "account_id" = ? and "ended_at" is null order by "sequence" desc',
    parameters: [{ arg: 'account_id' }],
  },
  'sessions.insertSession': {
    sql: 'insert into "session" ("token_hash", "id", "account_id", "sequence", "device_id", "device_class", "device_name", "place", "client", "binding", "method", "opened_at", "authenticated_at", "seen_at", "expires_at", "opened_revision", "roles", "ended_at", "ended_reason", "ended_by", "ended_by_class", "ended_by_name") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning *',
    parameters: [{ arg: 'token_hash' }, { arg: 'id' }, { arg: 'account_id' }, { arg: 'sequence' }, { arg: 'device_id' }, { arg: 'device_class' }, { arg: 'device_name' }, { arg: 'place' }, { arg: 'client' }, { arg: 'binding' }, { arg: 'method' }, { arg: 'now' }, { arg: 'authenticated_at' }, { arg: 'now' }, { arg: 'expires_at' }, { arg: 'opened_revision' }, { arg: 'roles' }, { constant: null }, { constant: null }, { constant: null }, { constant: null }, { constant: null }],
  },
  'sessions.endLive': {
    sql: 'update "session" set "ended_at" = ?, "ended_reason" = ?, "ended_by" = ?, "ended_by_class" = ?, "ended_by_name" = ? where "id" = ? and "ended_at" is null returning *',
    parameters: [{ arg: 'now' }, { arg: 'reason' }, { arg: 'by' }, { arg: 'by_class' }, { arg: 'by_name' }, { arg: 'id' }],
  },
  'sessions.renewLive': {
    sql: 'update "session" set "authenticated_at" = ? where "id" = ? and "ended_at" is null returning *',
    parameters: [{ arg: 'now' }, { arg: 'id' }],
  },
  'sessions.bindUnbound': {
    sql: 'update "session" set "binding" = ? where "id" = ? and "ended_at" is null and "binding" is null returning *',
    parameters: [{ arg: 'binding' }, { arg: 'id' }],
  },
  'sessions.refreshRoles': {
    sql: 'update "session" set "roles" = ? where "account_id" = ? and "ended_at" is null and "roles" != ?',
    parameters: [{ arg: 'roles' }, { arg: 'account_id' }, { arg: 'roles' }],
  },
  'sessions.removeDevices': {
    sql: 'update "session" set "device_id" = ?, "device_name" = ?, "place" = ?, "binding" = ?, "ended_by_name" = case when "ended_by_name" is null then null else ? end where "account_id" = ?',
    parameters: [{ constant: null }, { arg: 'name' }, { constant: null }, { constant: null }, { arg: 'name' }, { arg: 'account_id' }],
  },
  'sessions.touchLive': {
    sql: 'update "session" set "seen_at" = ? where "token_hash" in (select "token_hash" from "session" where "token_hash" = ? and "ended_at" is null and "seen_at" > ? and "seen_at" < ?)',
    parameters: [{ arg: 'now' }, { arg: 'token_hash' }, { arg: 'idle_since' }, { arg: 'now' }],
  },
  'sessions.purgeEnded': {
    sql: 'delete from "session" where "token_hash" in (select "token_hash" from "session" where "ended_at" <= ? limit ?) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'sessions.purgeExpired': {
    sql: 'delete from "session" where "token_hash" in (select "token_hash" from "session" where "expires_at" <= ? limit ?) returning "id"',
    parameters: [{ arg: 'before' }, { arg: 'limit' }],
  },
  'apart.upsert': {
    sql: 'insert into "handover" ("account_id", "revision", "due_at") values (?, ?, ?) on conflict ("account_id") do update set "revision" = ?, "due_at" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'revision' }, { arg: 'due_at' }, { arg: 'revision' }, { arg: 'due_at' }],
  },
  'apart.upsertAll': {
    sql: 'insert into "handover" ("account_id", "revision", "due_at") select "id" as "account_id", "revision", cast(? as bigint) as "due_at" from "account" where "id" >= ? and "id" <= ? on conflict ("account_id") do update set "revision" = "excluded"."revision", "due_at" = "excluded"."due_at"',
    parameters: [{ arg: 'due_at' }, { arg: 'from' }, { arg: 'to' }],
  },
  'apart.claimDue': {
    sql: 'update "handover" set "due_at" = ? where "account_id" in (select "account_id" from "handover" where "due_at" <= ? limit ?) returning "account_id"',
    parameters: [{ arg: 'until' }, { arg: 'now' }, { arg: 'limit' }],
  },
  'apart.remove': {
    sql: 'delete from "handover" where "account_id" = ? and "revision" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'revision' }],
  },
  'apart.takeCursor': {
    sql: 'select "value" from "setting" where "name" = ?',
    parameters: [{ arg: 'name' }],
  },
  'apart.insertCursor': {
    sql: 'insert into "setting" ("name", "value") values (?, ?) on conflict ("name") do nothing',
    parameters: [{ arg: 'name' }, { constant: '' }],
  },
  'apart.selectWritten': {
    sql: 'select "id" from "history" where "account_id" = ? and "session_id" = ? and "kind" = ? limit 1',
    parameters: [{ arg: 'account_id' }, { arg: 'session_id' }, { arg: 'kind' }],
  },
  'imported.markOwnPassword': {
    sql: 'update "imported" set "own_password" = 1 where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'imported.forget': {
    sql: 'update "imported" set "prints" = ?, "origin" = ? where "account_id" = ?',
    parameters: [{ arg: 'nothing' }, { arg: 'nothing' }, { arg: 'account_id' }],
  },
  'imported.forgetEmails': {
    sql: 'delete from "imported_email" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'imported.forgetKeys': {
    sql: 'delete from "imported_key" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'accounts.selectById': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "account" left join "email" on "email"."account_id" = "account"."id" and "email"."is_primary" = 1 where "account"."id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'accounts.selectByUsername': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "account" left join "email" on "email"."account_id" = "account"."id" and "email"."is_primary" = 1 where "account"."username_key" = ?',
    parameters: [{ arg: 'username_key' }],
  },
  'accounts.selectByEmail': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "email" inner join "account" on "account"."id" = "email"."account_id" where "email"."address_key" = ? order by "email"."verified" desc, "account"."id" limit 5',
    parameters: [{ arg: 'address_key' }],
  },
  'accounts.selectPage': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "account" left join "email" on "email"."account_id" = "account"."id" and "email"."is_primary" = 1 where "account"."id" > ? order by "account"."id" limit ?',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'accounts.insertAccount': {
    sql: 'insert into "account" ("username", "username_key", "first_name", "last_name", "profile", "password_hash", "password_scheme", "state", "roles", "revision", "valid_from", "kept", "reason", "created_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning "id"',
    parameters: [{ arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { constant: null }, { arg: 'reason' }, { arg: 'now' }],
  },
  'accounts.updateGate': {
    sql: 'update "account" set "state" = ?, "roles" = ?, "revision" = ?, "valid_from" = ?, "kept" = ?, "reason" = ? where "id" = ?',
    parameters: [{ arg: 'state' }, { arg: 'roles' }, { arg: 'revision' }, { arg: 'valid_from' }, { arg: 'kept' }, { arg: 'reason' }, { arg: 'id' }],
  },
  'accounts.updateNames': {
    sql: 'update "account" set "username" = ?, "username_key" = ?, "first_name" = ?, "last_name" = ?, "profile" = ? where "id" = ?',
    parameters: [{ arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'id' }],
  },
  'accounts.updatePassword': {
    sql: 'update "account" set "password_hash" = ?, "password_scheme" = ? where "id" = ?',
    parameters: [{ arg: 'hash' }, { arg: 'scheme' }, { arg: 'id' }],
  },
  'accounts.replacePassword': {
    sql: 'update "account" set "password_hash" = ?, "password_scheme" = ? where "id" = ? and "password_hash" = ? returning "id"',
    parameters: [{ arg: 'hash' }, { arg: 'scheme' }, { arg: 'id' }, { arg: 'from' }],
  },
  'accounts.deleteAccount': {
    sql: 'delete from "account" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'accounts.deleteLinks': {
    sql: 'delete from "once" where "account_id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'accounts.deleteSecondSteps': {
    sql: 'delete from "credential" where "account_id" = ? and "kind" in (?, ?) returning "id"',
    parameters: [{ arg: 'id' }, { constant: 'totp' }, { constant: 'recovery_codes' }],
  },
  'accounts.deletePasskeys': {
    sql: 'delete from "credential" where "account_id" = ? and "kind" = ? returning "id"',
    parameters: [{ arg: 'id' }, { constant: 'passkey' }],
  },
  'accounts.deleteWaysIn': {
    sql: 'delete from "credential" where "account_id" = ? and "kind" in (?, ?) returning "kind"',
    parameters: [{ arg: 'id' }, { constant: 'social' }, { constant: 'passkey' }],
  },
  'accounts.deleteNewerSteps': {
    sql: 'delete from "credential" where "account_id" = ? and "kind" in (?, ?) and "created_at" >= ? returning "kind"',
    parameters: [{ arg: 'id' }, { constant: 'totp' }, { constant: 'recovery_codes' }, { arg: 'since' }],
  },
  'accounts.deleteNewer': {
    sql: 'delete from "credential" where "account_id" = ? and "created_at" >= ? returning "kind"',
    parameters: [{ arg: 'id' }, { arg: 'since' }],
  },
  'accounts.deleteCredentials': {
    sql: 'delete from "credential" where "account_id" = ? returning "kind"',
    parameters: [{ arg: 'id' }],
  },
  'accounts.selectNextScheme': {
    sql: 'select "password_scheme" from "account" where "password_scheme" > ? order by "password_scheme" limit ?',
    parameters: [{ arg: 'after' }, { constant: 1 }],
  },
  'accounts.insertEmail': {
    sql: 'insert into "email" ("account_id", "address", "address_key", "verified", "is_primary") values (?, ?, ?, ?, ?)',
    parameters: [{ arg: 'account_id' }, { arg: 'address' }, { arg: 'address_key' }, { arg: 'verified' }, { constant: 1 }],
  },
  'accounts.clearPassword': {
    sql: 'update "account" set "password_hash" = ?, "password_scheme" = ? where "id" = ?',
    parameters: [{ constant: null }, { constant: null }, { arg: 'id' }],
  },
  'accounts.deleteEmails': {
    sql: 'delete from "email" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'accounts.selectVerified': {
    sql: 'select "account_id" from "email" where "address_key" = ? and "verified" = 1',
    parameters: [{ arg: 'address_key' }],
  },
  'accounts.verifyAddress': {
    sql: 'update "email" set "verified" = ? where "account_id" = ? and "address_key" = ? returning "address"',
    parameters: [{ constant: 1 }, { arg: 'account_id' }, { arg: 'address_key' }],
  },
  'allotted.select': {
    sql: 'select "account_id" from "imported_id" where "source" = ? and "source_id" = ?',
    parameters: [{ arg: 'source' }, { arg: 'source_id' }],
  },
  'allotted.selectPage': {
    sql: 'select "account_id", "source_id" from "imported_id" where "source" = ? and "account_id" > ? order by "account_id" limit ?',
    parameters: [{ arg: 'source' }, { arg: 'after' }, { arg: 'limit' }],
  },
  'allotted.beginCounter': {
    sql: 'insert into "sqlite_sequence" ("name", "seq") select ? as "name", 0 as "seq" where not exists (select "name" from "sqlite_sequence" where "name" = ?)',
    parameters: [{ constant: 'account' }, { constant: 'account' }],
  },
  'allotted.insertBeyond': {
    sql: 'insert into "imported_id" ("source", "source_id", "account_id") select ? as "source", ? as "source_id", "seq" + ? as "account_id" from "sqlite_sequence" where "name" = ?',
    parameters: [{ arg: 'source' }, { arg: 'source_id' }, { arg: 'steps' }, { constant: 'account' }],
  },
  'allotted.countOn': {
    sql: 'update "sqlite_sequence" set "seq" = "seq" + ? where "name" = ?',
    parameters: [{ arg: 'steps' }, { constant: 'account' }],
  },
  'allotted.remove': {
    sql: 'delete from "imported_id" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'approvals.selectOfAccount': {
    sql: 'select "hash", "data" from "once" where "account_id" = ? and "purpose" = ? and "expires_at" > ? order by "created_at"',
    parameters: [{ arg: 'account_id' }, { arg: 'purpose' }, { arg: 'now' }],
  },
  'approvals.update': {
    sql: 'update "once" set "data" = ?, "expires_at" = ? where "hash" = ?',
    parameters: [{ arg: 'data' }, { arg: 'expires_at' }, { arg: 'hash' }],
  },
  'counters.count': {
    sql: 'insert into "counter" ("key", "count", "resets_at") values (?, ?, ?) on conflict ("key") do update set "count" = case when ("counter"."resets_at" <= ? or "counter"."resets_at" > ?) then 1 when "counter"."count" <= ? then "counter"."count" + ? else "counter"."count" end, "resets_at" = case when ("counter"."resets_at" <= ? or "counter"."resets_at" > ?) then ? else "counter"."resets_at" end returning "count", "resets_at"',
    parameters: [{ arg: 'key' }, { constant: 1 }, { arg: 'resets_at' }, { arg: 'now' }, { arg: 'resets_at' }, { arg: 'limit' }, { constant: 1 }, { arg: 'now' }, { arg: 'resets_at' }, { arg: 'resets_at' }],
  },
  'counters.uncount': {
    sql: 'update "counter" set "count" = "count" - ? where "key" = ? and "resets_at" > ? and "count" > ?',
    parameters: [{ constant: 1 }, { arg: 'key' }, { arg: 'now' }, { constant: 0 }],
  },
  'counters.remove': {
    sql: 'delete from "counter" where "key" = ?',
    parameters: [{ arg: 'key' }],
  },
  'counters.removeOver': {
    sql: 'delete from "counter" where "key" in (select "key" from "counter" where "resets_at" <= ? limit ?) returning "key"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'credentials.selectOf': {
    sql: 'select * from "credential" where "account_id" = ? order by "created_at", "id"',
    parameters: [{ arg: 'account_id' }],
  },
  'credentials.selectStalest': {
    sql: 'select * from "credential" where "kind" = ? order by coalesce("last_used_at", "created_at"), "id" limit ?',
    parameters: [{ arg: 'kind' }, { constant: 1 }],
  },
  'credentials.remove': {
    sql: 'delete from "credential" where "account_id" = ? and "id" = ? returning "id", "kind"',
    parameters: [{ arg: 'account_id' }, { arg: 'id' }],
  },
  'credentials.updateLabel': {
    sql: 'update "credential" set "label" = ? where "account_id" = ? and "id" = ? returning "id"',
    parameters: [{ arg: 'label' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.setLabel': {
    sql: 'update "device" set "label" = ? where "account_id" = ? and "id" = ?',
    parameters: [{ arg: 'label' }, { arg: 'account_id' }, { arg: 'id' }],
  },
  'devices.selectAccount': {
    sql: 'select "id" from "account" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'imports.selectThere': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "account" left join "email" on "email"."account_id" = "account"."id" and "email"."is_primary" = 1 where "account"."id" > ? and "account"."id" <= ?',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectPage': {
    sql: 'select "account".*, "email"."address", "email"."verified" from "account" left join "email" on "email"."account_id" = "account"."id" and "email"."is_primary" = 1 where "account"."id" > ? order by "account"."id" limit ?',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectImported': {
    sql: 'select * from "imported" where "account_id" > ? and "account_id" <= ?',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectOrigin': {
    sql: 'select "origin" from "imported" where "account_id" = ? and "source" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'source' }],
  },
  'imports.count': {
    sql: 'select count(*) as "count" from "imported" inner join "account" on "account"."id" = "imported"."account_id" where "imported"."source" = ?',
    parameters: [{ arg: 'source' }],
  },
  'imports.selectExported': {
    sql: 'select * from "exported" where "account_id" > ? and "account_id" <= ?',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.insertExported': {
    sql: 'insert into "exported" ("account_id") values (?) on conflict ("account_id") do nothing',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.selectExportedClosed': {
    sql: 'select "exported"."account_id" from "exported" left join "account" on "account"."id" = "exported"."account_id" where "account"."id" is null and "exported"."account_id" > ? order by "exported"."account_id" limit ?',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectClosed': {
    sql: 'select "imported"."account_id" from "imported" left join "account" on "account"."id" = "imported"."account_id" where "account"."id" is null and "imported"."source" = ? and "imported"."account_id" > ? order by "imported"."account_id" limit ?',
    parameters: [{ arg: 'source' }, { arg: 'after' }, { arg: 'limit' }],
  },
  'imports.selectNameHolder': {
    sql: 'select "account"."id", "imported"."source" from "account" left join "imported" on "imported"."account_id" = "account"."id" where "account"."username_key" = ?',
    parameters: [{ arg: 'key' }],
  },
  'imports.selectAddressHolder': {
    sql: 'select "email"."account_id", "imported"."source" from "email" left join "imported" on "imported"."account_id" = "email"."account_id" where "email"."address_key" = ? and "email"."verified" = 1',
    parameters: [{ arg: 'key' }],
  },
  'imports.selectCredential': {
    sql: 'select "account_id" from "credential" where "id" = ?',
    parameters: [{ arg: 'id' }],
  },
  'imports.insertAccount': {
    sql: 'insert into "account" ("id", "username", "username_key", "first_name", "last_name", "profile", "password_hash", "password_scheme", "state", "roles", "revision", "valid_from", "kept", "reason", "created_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, null, ?, ?)',
    parameters: [{ arg: 'id' }, { arg: 'username' }, { arg: 'username_key' }, { arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'state' }, { arg: 'roles' }, { constant: 'revoked' }, { arg: 'created_at' }],
  },
  'imports.updateNames': {
    sql: 'update "account" set "first_name" = ?, "last_name" = ?, "profile" = ? where "id" = ?',
    parameters: [{ arg: 'first_name' }, { arg: 'last_name' }, { arg: 'profile' }, { arg: 'id' }],
  },
  'imports.updateUsername': {
    sql: 'update "account" set "username" = ?, "username_key" = ? where "id" = ?',
    parameters: [{ arg: 'name' }, { arg: 'key' }, { arg: 'id' }],
  },
  'imports.park': {
    sql: 'update "account" set "username_key" = ? where "id" = ?',
    parameters: [{ arg: 'key' }, { arg: 'id' }],
  },
  'imports.updatePassword': {
    sql: 'update "account" set "password_hash" = ?, "password_scheme" = ? where "id" = ?',
    parameters: [{ arg: 'password_hash' }, { arg: 'password_scheme' }, { arg: 'id' }],
  },
  'imports.upsert': {
    sql: 'insert into "imported" ("account_id", "source", "prints", "origin", "own_password") values (?, ?, ?, ?, 0) on conflict ("account_id") do update set "prints" = ?, "origin" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'source' }, { arg: 'prints' }, { arg: 'origin' }, { arg: 'prints' }, { arg: 'origin' }],
  },
  'imports.lookAnew': {
    sql: 'update "imported" set "prints" = ? where "account_id" = ?',
    parameters: [{ constant: '' }, { arg: 'account_id' }],
  },
  'imports.remove': {
    sql: 'delete from "imported" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.removeEmails': {
    sql: 'delete from "email" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.insertEmail': {
    sql: 'insert into "email" ("account_id", "address", "address_key", "verified", "is_primary") values (?, ?, ?, ?, ?)',
    parameters: [{ arg: 'account_id' }, { arg: 'address' }, { arg: 'address_key' }, { arg: 'verified' }, { arg: 'is_primary' }],
  },
  'imports.release': {
    sql: 'update "email" set "verified" = 0 where "account_id" = ? and "address_key" = ?',
    parameters: [{ arg: 'account_id' }, { arg: 'key' }],
  },
  'imports.verifyAddress': {
    sql: 'update "email" set "verified" = 1 where "account_id" = ? and "address_key" = ? returning "address"',
    parameters: [{ arg: 'account_id' }, { arg: 'address_key' }],
  },
  'imports.removeNumbers': {
    sql: 'delete from "imported_email" where "account_id" = ?',
    parameters: [{ arg: 'account_id' }],
  },
  'imports.insertNumber': {
    sql: 'insert into "imported_email" ("number", "account_id", "address_key") values (?, ?, ?) on conflict ("number") do update set "account_id" = ?, "address_key" = ?',
    parameters: [{ arg: 'number' }, { arg: 'account_id' }, { arg: 'address_key' }, { arg: 'account_id' }, { arg: 'address_key' }],
  },
  'imports.selectNumber': {
    sql: 'select "account_id", "address_key" from "imported_email" where "number" = ?',
    parameters: [{ arg: 'number' }],
  },
  'imports.selectEmails': {
    sql: 'select "email".*, "imported_email"."number" from "email" left join "imported_email" on "imported_email"."account_id" = "email"."account_id" and "imported_email"."address_key" = "email"."address_key" where "email"."account_id" > ? and "email"."account_id" <= ? order by "email"."account_id", "email"."is_primary" desc',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.removeCredential': {
    sql: 'delete from "credential" where "id" = ? and "account_id" = ?',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }],
  },
  'imports.insertCredential': {
    sql: 'insert into "credential" ("id", "account_id", "kind", "label", "data", "created_at") values (?, ?, ?, ?, ?, ?)',
    parameters: [{ arg: 'id' }, { arg: 'account_id' }, { arg: 'kind' }, { arg: 'label' }, { arg: 'data' }, { arg: 'created_at' }],
  },
  'imports.selectCredentials': {
    sql: 'select * from "credential" where "account_id" > ? and "account_id" <= ?',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.sparePasts': {
    sql: 'update "session" set "opened_revision" = ? where "account_id" = ? and "method" = ? and "ended_at" is null',
    parameters: [{ arg: 'revision' }, { arg: 'account_id' }, { constant: 'imported' }],
  },
  'imports.selectKeys': {
    sql: 'select * from "imported_key" where "account_id" > ? and "account_id" <= ?',
    parameters: [{ arg: 'after' }, { arg: 'up_to' }],
  },
  'imports.selectKey': {
    sql: 'select * from "imported_key" where "token_hash" = ?',
    parameters: [{ arg: 'token_hash' }],
  },
  'imports.insertKey': {
    sql: 'insert into "imported_key" ("token_hash", "account_id", "session_id", "kind") values (?, ?, ?, ?) on conflict ("token_hash") do nothing',
    parameters: [{ arg: 'token_hash' }, { arg: 'account_id' }, { arg: 'session_id' }, { arg: 'kind' }],
  },
  'imports.removeKey': {
    sql: 'delete from "imported_key" where "token_hash" = ?',
    parameters: [{ arg: 'token_hash' }],
  },
  'marks.insert': {
    sql: 'insert into "mark" ("hash", "expires_at") values (?, ?) on conflict ("hash") do update set "expires_at" = ? where "mark"."expires_at" <= ? returning "expires_at"',
    parameters: [{ arg: 'hash' }, { arg: 'expires_at' }, { arg: 'expires_at' }, { arg: 'now' }],
  },
  'marks.removeOver': {
    sql: 'delete from "mark" where "hash" in (select "hash" from "mark" where "expires_at" <= ? limit ?) returning "expires_at"',
    parameters: [{ arg: 'now' }, { arg: 'limit' }],
  },
  'all.lockPage': {
    sql: 'select "id" from "account" where "id" > ? order by "id" limit ?',
    parameters: [{ arg: 'after' }, { arg: 'limit' }],
  },
  'all.selectHighest': {
    sql: 'select max("id") as "highest" from "account"',
    parameters: [],
  },
  'all.voidAccounts': {
    sql: 'update "account" set "revision" = "revision" + 1, "valid_from" = "revision" + 1, "kept" = ?, "reason" = ? where "id" >= ? and "id" <= ?',
    parameters: [{ constant: null }, { constant: 'revoked' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.raiseGates': {
    sql: 'insert into "gate" ("account_id", "state", "roles", "revision", "valid_from", "kept", "reason", "last_sequence") select "id" as "account_id", "state", "roles", "revision", "valid_from", "kept", "reason", 0 as "last_sequence" from "account" where "id" >= ? and "id" <= ? on conflict ("account_id") do update set "state" = "excluded"."state", "roles" = "excluded"."roles", "revision" = "excluded"."revision", "valid_from" = "excluded"."valid_from", "kept" = "excluded"."kept", "reason" = "excluded"."reason"',
    parameters: [{ arg: 'from' }, { arg: 'to' }],
  },
  'all.noteAccounts': {
    sql: 'insert into "history" ("at", "kind", "account_id", "session_id", "data") select cast(? as bigint) as "at", cast(? as text) as "kind", "id" as "account_id", null as "session_id", cast(? as text) as "data" from "account" where "id" >= ? and "id" <= ? order by "id"',
    parameters: [{ arg: 'now' }, { arg: 'kind' }, { arg: 'data' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.noteSessions': {
    sql: 'insert into "history" ("at", "kind", "account_id", "session_id", "data") select cast(? as bigint) as "at", cast(? as text) as "kind", "account_id", "id" as "session_id", cast(? as text) as "data" from "session" where "account_id" >= ? and "account_id" <= ? and "ended_at" is null order by "account_id", "sequence"',
    parameters: [{ arg: 'now' }, { arg: 'kind' }, { arg: 'data' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.endSessions': {
    sql: 'update "session" set "ended_at" = ?, "ended_reason" = ? where "account_id" >= ? and "account_id" <= ? and "ended_at" is null returning "account_id"',
    parameters: [{ arg: 'now' }, { arg: 'reason' }, { arg: 'from' }, { arg: 'to' }],
  },
  'all.selectGates': {
    sql: 'select * from "gate" where "account_id" >= ? and "account_id" <= ?',
    parameters: [{ arg: 'from' }, { arg: 'to' }],
  },
};
