/** Signs in once on the store that its arguments name, and dies as soon as that was committed, before anybody is answered. */
import { postgresStore } from '../../src/stores/postgres/store.ts';
import { signIn } from './people.ts';

const [, , url = '', schema = '', accountId = ''] = process.argv;
const store = await postgresStore({ url, schema });
store.feed?.join({
  up: () => undefined,
  down: () => undefined,
  heard: () => undefined,
  acknowledged: () => undefined,
  committed: async () => void process.kill(process.pid, 'SIGKILL'),
});
const record = await store.accounts.find(Number(accountId));
if (record !== null) await signIn(store, record.gate);
process.stdout.write('answered');
