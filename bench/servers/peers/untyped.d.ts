/** Packages that have no types of their own: as much of them as is used here. */
declare module 'better-sqlite3' {
  class Database {
    constructor(path: string);
    pragma(text: string): unknown;
  }
  export = Database;
}

declare module 'better-sqlite3-session-store' {
  import type Database from 'better-sqlite3';
  import type session from 'express-session';

  function sqliteStore(from: typeof session): new (options: { readonly client: Database }) => session.Store;
  export = sqliteStore;
}
