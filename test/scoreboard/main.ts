import { parseArgs } from 'node:util';
import type { Row } from './scoreboard.ts';
import { readScoreboard } from './scoreboard.ts';

/* npm run scoreboard [-- --json | --strict]: what of the features is checked, and where; --strict fails where one is not. */

const { values } = parseArgs({ options: { json: { type: 'boolean' }, strict: { type: 'boolean' } } });
const rows = readScoreboard();
const unchecked = rows.filter(({ checkedIn }) => checkedIn.length === 0);

console.log(values.json === true ? JSON.stringify({ rows, unchecked: unchecked.map(({ id }) => id) }) : table(rows));
if (values.strict === true && unchecked.length > 0) process.exitCode = 1;

function table(all: readonly Row[]): string {
  const lines = all.map(({ id, kind, feature, checkedIn: [first, ...others] }) =>
    [id, kind, first === undefined ? '–' : `${first}${others.length > 0 ? ` +${others.length}` : ''}`, feature].join('  '),
  );
  return [...lines, '', `${all.length - unchecked.length} of ${all.length} are checked, ${unchecked.length} are not.`].join('\n');
}
