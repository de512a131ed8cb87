import { define, type Run, row, rows, type Sentence } from './statement.ts';

const select = define<{ name: string }>('settings.select')((db, arg) =>
  db.selectFrom('setting').select('value').where('name', '=', arg.name),
);

const insertNew = define<{ name: string; value: string }>('settings.insertNew')((db, arg) =>
  db
    .insertInto('setting')
    .values({ name: arg.name, value: arg.value })
    .onConflict((conflict) => conflict.column('name').doNothing()),
);

const upsert = define<{ name: string; value: string }>('settings.upsert')((db, arg) =>
  db
    .insertInto('setting')
    .values({ name: arg.name, value: arg.value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: arg.value })),
);

export function* get(run: Run, name: string): Sentence<string | null> {
  return (yield* row(run, select, { name }))?.value ?? null;
}

export function* set(run: Run, name: string, value: string): Sentence<void> {
  yield* rows(run, upsert, { name, value });
}

export function* getOrSet(run: Run, name: string, value: string): Sentence<string> {
  yield* rows(run, insertNew, { name, value });
  return (yield* get(run, name)) ?? value;
}
