import type { Admin } from './ask-admin.ts';
import { adminHelp, adminOf, adminOptions, askAdmin } from './ask-admin.ts';
import type { Command, Commands } from './command.ts';
import type { Row } from './print.ts';
import { say, sayRows } from './print.ts';
import { commonOptions, readDuration, readWords } from './words.ts';

const path = '/admin/blocked-ips';

const list: Command = {
  summary: 'list the addresses that a running gateway shuts out',
  help: `Lists the addresses that are shut out now, with the reason and the end.

  npm run cli -- ip list

${adminHelp}`,
  async run(words, environment) {
    const { values } = readWords(words, [], { ...commonOptions, ...adminOptions });
    const asked = askAdmin<{ readonly blocked_ips: readonly Row[] }>(adminOf(values, environment), { method: 'GET', path });
    return sayRows((await asked).blocked_ips, values);
  },
};

const block: Command = {
  summary: 'shut an address out',
  help: `Shuts an address out: it is refused with 403 at once, and with a Redis by every gateway within a second.

  npm run cli -- ip block 203.0.113.9 --for 7d --reason 'guesses keys'

  --for     time from now (1d)
  --reason  for people; clients never see it (by an operator)
${adminHelp}`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['address'], {
      ...adminOptions,
      for: { type: 'string', default: '1d' },
      reason: { type: 'string', default: 'by an operator' },
    });
    const [ip = ''] = positionals;
    const body = { ip, reason: values.reason, seconds: Math.ceil(readDuration('--for', values.for) / 1_000) };
    const blocked = await askAdmin<{ readonly until: string }>(adminOf(values, environment), { method: 'POST', path, body });
    return say(`${ip} is shut out until ${blocked.until}.`);
  },
};

const unblock: Command = {
  summary: 'let an address in again',
  help: `Lifts the block of an address.

  npm run cli -- ip unblock 203.0.113.9

${adminHelp}`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['address'], adminOptions);
    const [ip = ''] = positionals;
    await lift(adminOf(values, environment), ip);
    return say(`${ip} is served again.`);
  },
};

const lift = (admin: Admin, ip: string): Promise<void> =>
  askAdmin(admin, { method: 'DELETE', path: `${path}/${encodeURIComponent(ip)}` });

export const ipCommands: Commands = { list, block, unblock };
