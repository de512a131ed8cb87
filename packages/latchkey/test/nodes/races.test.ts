import { after, before, describe, test } from 'node:test';
import { open } from '../../src/latchkey.ts';
import { QUICK } from '../serving.ts';
import { type Fleet, startFleet, untilAnswered } from './fleet.ts';
import { orders, shiftedClock } from './order.ts';
import { type Place, places } from './places.ts';
import { purgesAmid } from './purging.ts';
import { races } from './races.ts';
import { ORIGIN, PLACES } from './racing.ts';
import { spends, spendsInvitation } from './spends.ts';

const SETTINGS = {
  LATCHKEY_ORIGIN: ORIGIN,
  LATCHKEY_SESSION_LIMIT: String(PLACES),
  LATCHKEY_SIGN_IN_BY_MAIL: 'true',
};

for (const [name, kind] of Object.entries(places)) {
  const skip = kind.without ?? false;
  // One node has no other to reach past: the pair of stores is what matters then.
  for (const count of name.includes(' and ') ? [3] : [1, 3]) {
    describe(`races at ${count === 1 ? 'one node' : `${count} nodes`} on ${name}`, { skip }, () => {
      let place: Place;
      let fleet: Fleet;
      before(async () => {
        place = await kind.open();
        fleet = await startFleet({ ...place.environment, ...SETTINGS }, count);
      });
      after(async () => {
        await fleet.stop();
        await place.remove();
      });
      for (const race of [...races, ...spends]) test(race.name, () => race.run(fleet));

      test('L22: of twenty sign-ups at once with one invitation one counts', async () => {
        const environment = { ...QUICK, ...place.environment, ...SETTINGS };
        const { auth } = await open({}, { environment, role: 'command' });
        const { invitation } = await auth.accounts.invite();
        await auth.close();
        await spendsInvitation(fleet, invitation);
      });

      test('L25, L24: who purges at once, as people come in, takes what is over and nothing else', async () => {
        const environment = { ...QUICK, ...place.environment, ...SETTINGS };
        await untilAnswered((at, crowd) => purgesAmid(at, { crowd, environment }))(fleet);
      });
    });
  }

  describe(`three nodes on ${name} whose clocks are an hour apart`, { skip }, () => {
    let place: Place;
    let fleet: Fleet;
    before(async () => {
      place = await kind.open();
      fleet = await startFleet({ ...place.environment, ...SETTINGS }, 3, shiftedClock);
    });
    after(async () => {
      await fleet.stop();
      await place.remove();
    });
    for (const race of orders) test(race.name, () => race.run(fleet));
  });
}
