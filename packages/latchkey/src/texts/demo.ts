/** What the page that shows Latchkey at work says. It is for developers, and in English alone. */
export const demo = {
  title: 'One account, two phones',
  lead: 'Each phone keeps its key in memory, as an app would. Sign in on one, then on the other, and watch the first. Development only.',
  phone: 'Phone',
  out: 'Signed out',
  busy: 'Signing in …',
  in: 'Signed in',
  ended: 'You were signed out: this account signed in on another device',
  signIn: 'Sign in here',
  notes: 'What happened',
  needsScript: 'This page shows what a script does, and needs one.',
} as const;
