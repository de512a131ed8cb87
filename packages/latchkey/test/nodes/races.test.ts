import { after, before, describe, test } from 'node:test';
import { type Fleet, startFleet } from './fleet.ts';
import { ORIGIN, PLACES, races } from './races.ts';
import { type Place, stores } from './stores.ts';

for (const [name, { without, open }] of Object.entries(stores)) {
  for (const count of [1, 3]) {
    describe(`races at ${count === 1 ? 'one node' : `${count} nodes`} on ${name}`, { skip: without ?? false }, () => {
      let place: Place;
      let fleet: Fleet;
      before(async () => {
        place = await open();
        fleet = await startFleet(
          {
            ...place.environment,
            LATCHKEY_ORIGIN: ORIGIN,
            LATCHKEY_SESSION_LIMIT: String(PLACES),
          },
          count,
        );
      });
      after(async () => {
        await fleet.stop();
        await place.remove();
      });
      for (const race of races) test(race.name, () => race.run(fleet));
    });
  }
}
