/** `authenticate()` in process, each time of sessions that are drawn anew among more than any cache holds. */
import { type Latchkey, latchkey } from '../../packages/latchkey/src/index.ts';
import { type Place, productionOptions } from '../data/place.ts';
import { randomToken } from '../data/tokens.ts';
import { answers, ready } from '../harness/answers.ts';
import { type StoreChecked, type Timing, timed } from './timed.ts';

export type SizeLoadAsked = { readonly place: Place; readonly count: number };

let loaded: { readonly auth: Latchkey; readonly count: number } | null = null;

async function load({ place, count }: SizeLoadAsked): Promise<void> {
  loaded = { auth: await latchkey(productionOptions(place)), count };
}

async function measure(timing: Timing): Promise<StoreChecked> {
  if (loaded === null) throw new Error('Nothing is loaded.');
  const { auth, count } = loaded;
  // Made before the clock runs: a server is given them by its clients.
  const drawn = Array.from({ length: timing.checks }, () => ({ authorization: `Token ${randomToken(count)}` }));
  return await timed(timing, async (checks) => {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      const headers = drawn.pop();
      if (headers !== undefined && (await auth.authenticate(headers)).signedIn) live++;
    }
    return live;
  });
}

answers({ load, measure });
ready(null);
