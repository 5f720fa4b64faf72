import { parseArgs } from 'node:util';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import { sandboxPassword } from './data/secrets.ts';
import { startSandbox } from './sandbox.ts';

const help = `Stands in for the laboratory's services, over HTTP, on this machine.

npm run sandbox                       all of them: ${serviceNames.join(', ')}
npm run sandbox -- samples storage    only these

  --host <address>   address to listen on (default 127.0.0.1)
  --ports any        any free ports, not the usual ones
  --quirks           let them behave as the real ones were found to, not as their contracts say
  --json             print the addresses as one JSON object
  --help             print this

No mail is sent: the last password reset token is at GET /sandbox/outbox of the auth service.
Each service takes faults at /sandbox/faults, as in PUT {"kind":"latency","latencyMs":500}, and quirks at /sandbox/quirks,
as in PUT {"on":true}; GET tells what is set and DELETE ends it.
`;

type Command = {
  readonly services: readonly ServiceName[];
  readonly host: string;
  readonly ports: 'fixed' | 'any';
  readonly quirks: boolean;
  readonly isJson: boolean;
};

/** A wrong command line; its message is the whole answer. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

await run(process.argv.slice(2));

async function run(words: string[]): Promise<void> {
  try {
    const command = parseCommand(words);
    if (command === 'help') console.log(help);
    else await serve(command);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

async function serve({ services, host, ports, quirks, isJson }: Command): Promise<void> {
  // Listens from the start, so that a signal during the start is heard too.
  const stopped = firstSignal();
  await using sandbox = await startSandbox({ services, host, ports, quirks });
  console.log(isJson ? JSON.stringify(Object.fromEntries(sandbox.urls)) : banner(sandbox.urls));
  await stopped;
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function parseCommand(words: string[]): Command | 'help' {
  const { values, positionals } = parsed(words);
  if (values.help === true) return 'help';
  if (values.ports !== 'fixed' && values.ports !== 'any') throw new UsageError('--ports is either fixed or any.');
  const services = positionals.length === 0 ? serviceNames : positionals.map(serviceName);
  return { services, host: values.host, ports: values.ports, quirks: values.quirks === true, isJson: values.json === true };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        ports: { type: 'string', default: 'fixed' },
        quirks: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function serviceName(word: string): ServiceName {
  const name = serviceNames.find((known) => known === word);
  if (!name) throw new UsageError(`There is no service ${word}; the sandbox knows ${serviceNames.join(', ')}.`);
  return name;
}

function banner(urls: ReadonlyMap<ServiceName, string>): string {
  const width = Math.max(...serviceNames.map((name) => name.length));
  const table = [...urls].map(([name, url]) => `  ${name.padEnd(width)}  ${url}`);
  return `The sandbox is running.

${table.join('\n')}

Its data is the same at every start. Accounts, all with the password "${sandboxPassword}":

  admin@lab.example  lab_administrator
  tech@lab.example   lab_technician
  guest@lab.example  guest

Ctrl-C stops it.`;
}
