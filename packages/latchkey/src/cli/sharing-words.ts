/** What is said of a score: each figure that speaks for it, in words. */

import type { Reason } from '../model/sharing.ts';
import { FAR_KM } from '../model/sharing-evidence.ts';
import { WINDOW_DAYS } from '../model/sign-in-trail.ts';

/** One sentence for each code. All are of the 30 days before the look. */
export function wordsOf(reason: Reason): string {
  switch (reason.code) {
    case 'takeovers': {
      const by = `by ${counted(reason.devices, 'device')} on ${counted(reason.networks, 'network')}`;
      return `devices turned each other out ${times(reason.times)} (${perDay(reason.times)} a day), ${by}`;
    }
    case 'strangers':
      return `${reason.times} of ${counted(reason.signIns, 'sign-in')} were turns between devices that were never seen on one network`;
    case 'twins':
      return `${counted(reason.times, 'turn')} from one phone to another, or from one computer to another`;
    case 'settled':
      return `${counted(reason.times, 'sign-in')} from the home networks of households beside the busiest, of ${reason.households} in all`;
    case 'leaps':
      return `${times(reason.times)} another household came sooner than an airliner could (up to ${reason.fastestKmh.toLocaleString('en')} km/h)`;
    case 'far':
      return `${counted(reason.times, 'turn')} over more than ${FAR_KM} km`;
    case 'overlaps':
      return `${counted(reason.times, 'sign-in')} while a device of another household stayed signed in`;
  }
}

export function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function perDay(count: number): string {
  return (count / WINDOW_DAYS).toFixed(1);
}
