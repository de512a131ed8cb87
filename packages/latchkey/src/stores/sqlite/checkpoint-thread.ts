/** The thread of `checkpoints.ts`: a connection of its own, and one checkpoint for each message. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

// Nobody waits for this thread, so it may wait for a process that holds the whole file for a moment.
const db = new DatabaseSync(String(workerData), { timeout: 5_000 });
// As the connection that commits: log and database are brought to the disk in their order.
db.exec('PRAGMA synchronous = NORMAL; PRAGMA checkpoint_fullfsync = ON');
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', (message) => {
  if (message === 'checkpoint') {
    checkpoint.get();
    parentPort?.postMessage('done');
    return;
  }
  db.close();
  parentPort?.close();
});
