import { keepOf, purge } from '../jobs/purge.ts';
import { opened } from './opened.ts';

/** Opening the database brings it up to date; this does nothing else. */
export async function migrate(config: string | undefined): Promise<void> {
  await opened(config, async () => {
    process.stdout.write('The database is up to date.\n');
  });
}

export async function purgeNow(config: string | undefined): Promise<void> {
  await opened(config, async ({ assembled }) => {
    const { store, settings } = assembled.parts;
    const { sessions, links, counters, mails, history } = await purge(store, keepOf(settings));
    const rest = `${counters} counters, ${mails} mails, ${history} lines of history`;
    process.stdout.write(`Removed ${sessions} sessions, ${links} links, ${rest}.\n`);
  });
}
