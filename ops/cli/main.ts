import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { query } from './query.ts';

const commands: Readonly<Record<string, Command>> = { query };

const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
const overview = ['npm run cli -- COMMAND …', '', ...list, '', 'COMMAND --help tells more.'].join('\n');

async function main([verb, ...words]: readonly string[]): Promise<number> {
  if (verb === undefined || verb === '--help') return print(overview, 0);
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (command === undefined) throw new UsageError(`There is no command ${verb}.\n\n${overview}`);
  if (words.includes('--help')) return print(command.help, 0);
  return command.run(words);
}

function print(text: string, code: number): number {
  console.log(text);
  return code;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  return 2;
});
