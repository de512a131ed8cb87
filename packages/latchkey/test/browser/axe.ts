/** What axe-core finds on a page, in short. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export async function flawsOn(page: Page): Promise<readonly string[]> {
  // The page's own policy would refuse a script that is put into it; one that the debugger runs is none of the page's.
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } };
    type Violation = { id: string; help: string; nodes: readonly { html: string }[] };
    const { violations } = await axe.run();
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}
