import type { Environment } from '#kit/upstream-settings.ts';
import type { Command, Commands, Group } from './command.ts';
import { UsageError } from './command.ts';
import { say } from './print.ts';

type Asked = {
  /** What stands before the words, such as `npm run cli -- key`. */
  readonly program: string;
  readonly words: readonly string[];
  readonly environment: Environment;
};

/** Finds the command that the words begin with and runs it. @throws UsageError for words that begin with none */
export async function dispatch(commands: Commands, { program, words, environment }: Asked): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined || verb === '--help') return say(overview(commands, program));
  const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  if (command === undefined) throw new UsageError(`There is no command ${verb}.\n\n${overview(commands, program)}`);
  if (isGroup(command)) return dispatch(command.commands, { program: `${program} ${verb}`, words: rest, environment });
  return rest.includes('--help') ? say(command.help) : command.run(rest, environment);
}

const isGroup = (command: Command | Group): command is Group => 'commands' in command;

function overview(commands: Commands, program: string): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(15)} ${summary}`);
  return [`${program} COMMAND …`, '', ...lines, '', 'COMMAND --help tells more.'].join('\n');
}
