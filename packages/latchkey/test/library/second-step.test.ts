/** `resetSecondStep`, over credentials that are really there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import { testLatchkey } from 'latchkey/testing';
import { PASSWORD, signedIn } from './device.ts';

test('H: a reset second step is gone, signs its owner out, and is told to the owner and to the host', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  const file = join(folder, 'accounts.db');
  const events: LatchkeyEvent[] = [];
  const { auth, mailbox, close } = await testLatchkey({
    database: `sqlite:${file}`,
    onEvent: (event) => void events.push(event),
  });
  const { id } = await auth.accounts.create({ username: 'ann', email: 'ann@example.com', password: PASSWORD });
  const [device] = await signedIn(auth, 1);
  const beside = new DatabaseSync(file, { timeout: 5_000 });
  const insert = beside.prepare(
    'INSERT INTO credential (id, account_id, kind, label, data, created_at) VALUES (?, ?, ?, ?, ?, 0)',
  );
  for (const kind of ['totp', 'recovery_codes', 'passkey']) insert.run(kind, id, kind, '', new Uint8Array());

  assert.equal(await auth.accounts.resetSecondStep(id), 3);
  assert.equal((await device?.ask('GET', '/auth/session/'))?.status, 401);
  assert.deepEqual(
    beside
      .prepare('SELECT kind FROM credential')
      .all()
      .map((row) => row['kind']),
    [],
    'passkeys may be second steps too, and there is a password to come in by',
  );
  assert.equal(await auth.accounts.resetSecondStep(id), 0, 'there is none left');
  await auth.settle();
  assert.equal(mailbox.mails.length, 1, 'the owner is told once');
  assert.equal(events.filter(({ type }) => type === 'second_step_reset').length, 1);
  beside.close();
  await close();
  rmSync(folder, { recursive: true });
});
