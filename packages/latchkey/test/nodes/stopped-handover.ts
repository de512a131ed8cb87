/** Loaded before a node: it stands still between the two halves of an account's change, and says so. */
import { editSource } from '../../../../chaos/edits.ts';

editSource([
  {
    file: 'stores/apart/handovers.ts',
    find: 'return await finish(gate);',
    replace: `process.stderr.write('between the halves\\n');
        return await new Promise(() => undefined);`,
  },
]);
