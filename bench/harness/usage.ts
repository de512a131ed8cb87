/** Loaded into every process that is measured, before its own module. */
import { answers } from './answers.ts';
import type { Usage } from './child.ts';

answers({
  usage: (): Usage => {
    const { user, system } = process.cpuUsage();
    return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
  },
});
process.on('disconnect', () => process.exit());
