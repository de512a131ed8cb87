/** The promises on every kind of store, at one node and at several; on PostgreSQL and on Redis several have files of their own. */
import { after, before, describe, test } from 'node:test';
import { type Fleet, startFleet } from './fleet.ts';
import { type Place, places } from './places.ts';
import { promisesOfNodes } from './promises.ts';

const FLEETS: readonly (readonly [store: string, nodes: number])[] = [
  ['SQLite', 1],
  ['SQLite', 3],
  ['PostgreSQL', 1],
  ['Redis', 1],
  ['PostgreSQL and Redis', 1],
  ['PostgreSQL and Redis', 3],
];

for (const [store, nodes] of FLEETS) {
  const kind = places[store];
  if (kind === undefined) throw new Error(`There is no store ${store}.`);
  describe(`F-38: ${nodes === 1 ? 'one node' : `${nodes} nodes`} on ${store}`, { skip: kind.without ?? false }, () => {
    let place: Place;
    let fleet: Fleet;
    before(async () => {
      place = await kind.open();
      fleet = await startFleet(place.environment, nodes);
    });
    after(async () => {
      await fleet.stop();
      await place.remove();
    });
    for (const { name, run } of promisesOfNodes({ nodes, remembers: kind.remembers })) test(name, () => run(fleet));
  });
}
