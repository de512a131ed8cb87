/** How much memory a file of many people takes once it was looked through; says it as JSON. */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { firebaseParameters, firebaseSource } from '../../src/moving/elsewhere/firebase.ts';
import { openRecordFile } from '../../src/moving/sources/record-file.ts';
import { temporaryFolder } from '../serving.ts';

const PEOPLE = 100_000;

const { path: folder, remove } = temporaryFolder();
const path = `${folder}/users.json`;
const key = Buffer.alloc(64, 7).toString('base64');
const to = openSync(path, 'w');
writeSync(to, '{"users": [\n');
for (let at = 0; at < PEOPLE; at++) {
  const user = {
    localId: `${at}`.padStart(28, 'x'),
    email: `somebody.number${at}@shop.test`,
    emailVerified: true,
    passwordHash: key,
    salt: 'AAAAAAAAAAAA',
    displayName: `Somebody ${at}`,
    photoUrl: `https://pictures.shop.test/a/rather/long/address/of/${at}.png`,
    createdAt: '1714979289123',
    lastSignedInAt: '1714979289123',
  };
  writeSync(to, `${at === 0 ? '' : ',\n'}${JSON.stringify(user, null, 2)}`);
}
writeSync(to, '\n]}');
closeSync(to);

const used = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const before = used();
const parameters = firebaseParameters(
  JSON.stringify({ signerKey: key, saltSeparator: 'Bw==', rounds: 8, memCost: 14 }),
);
const startedAt = performance.now();
const file = await openRecordFile(path, { list: 'users', id: 'localId' });
const source = await firebaseSource({ file, parameters, note: () => undefined });
const seconds = (performance.now() - startedAt) / 1000;
const bytes = used() - before;
process.stdout.write(JSON.stringify({ people: await source.count(), bytes, fileBytes: statSync(path).size, seconds }));
await file.close();
remove();
