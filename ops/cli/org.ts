import { readFile } from 'node:fs/promises';
import type { Organization } from '#kit/organizations/records.ts';
import type { OrganizationChanges } from '#kit/organizations/store.ts';
import type { Command, Commands } from './command.ts';
import { UsageError } from './command.ts';
import type { Row } from './print.ts';
import { say, sayRecord, sayRows } from './print.ts';
import { withAdministration } from './with-administration.ts';
import { commonOptions, readObject, readWords } from './words.ts';

const create: Command = {
  summary: 'create an organization',
  help: `Creates an organization.

  npm run cli -- org create acme-genomics --name 'Acme Genomics' --plan premium
  npm run cli -- org create acme-genomics --limits '{"maxQueryCost": 3000}'

  --name                   name for people (the id)
  --plan                   plan (default)
  --limits                 JSON object of what differs from the plan
  --graph-credential-file  file with the organization's credential for the graph service
  --json                   print the organization as JSON`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], {
      ...commonOptions,
      name: { type: 'string' },
      plan: { type: 'string', default: 'default' },
      limits: { type: 'string' },
      'graph-credential-file': { type: 'string' },
    });
    const [id = ''] = positionals;
    const file = values['graph-credential-file'];
    const wanted = {
      id,
      name: values.name ?? id,
      plan: values.plan,
      ...(values.limits !== undefined && { limits: readObject('--limits', values.limits) }),
      ...(file !== undefined && { graphCredential: (await readFile(file, 'utf8')).trim() }),
    };
    return withAdministration(environment, async ({ organizations }) =>
      sayRecord(shown(await organizations.create(wanted)), values),
    );
  },
};

const list: Command = {
  summary: 'list all organizations',
  help: `Lists all organizations, deleted ones too.

  npm run cli -- org list
  npm run cli -- org list --json`,
  run(words, environment) {
    const { values } = readWords(words, [], commonOptions);
    return withAdministration(environment, async ({ store }) =>
      sayRows(
        (await store.organizations()).map(({ id, name, plan, status, createdAt }) => ({ id, name, plan, status, createdAt })),
        values,
      ),
    );
  },
};

const show: Command = {
  summary: 'show one organization with its usage',
  help: `Shows an organization, and its requests and cost points by day.

  npm run cli -- org show acme-genomics
  npm run cli -- org show acme-genomics --days 90 --json

  --days  days of usage, today included (7)`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], {
      ...commonOptions,
      days: { type: 'string', default: '7' },
    });
    const [id = ''] = positionals;
    const days = readDays(values.days);
    return withAdministration(environment, async ({ store }) => {
      const organization = await store.organization(id);
      if (organization === undefined) throw new Error(`There is no organization ${id}.`);
      const usage = (await store.usage(id, days)).map(({ organizationId, ...row }) => row);
      if (values.json) return sayRecord({ ...shown(organization), usage }, values);
      sayRecord(shown(organization), values);
      say('\nUsage by day and key:');
      return sayRows(usage, values);
    });
  },
};

const setPlan: Command = {
  summary: 'give an organization another plan',
  help: `Gives an organization another plan. Gateways follow within 5 s.

  npm run cli -- org set-plan acme-genomics enterprise
  npm run cli -- org set-plan acme-genomics premium --limits '{"maxQueryCost": 3000}'

  --limits  JSON object of what differs from the plan; {} for nothing`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['organization', 'plan'], { ...commonOptions, limits: { type: 'string' } });
    const [id = '', plan = ''] = positionals;
    const limits = values.limits === undefined ? {} : { limits: readObject('--limits', values.limits) };
    return withAdministration(environment, async ({ organizations }) =>
      sayRecord(shown(await organizations.change(id, { plan, ...limits })), values),
    );
  },
};

/** A verb that changes the status and nothing else. */
const statusCommand = (summary: string, verb: string, changes: OrganizationChanges): Command => ({
  summary,
  help: `Will ${summary}. Gateways follow within 5 s.

  npm run cli -- org ${verb} acme-genomics`,
  run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], commonOptions);
    const [id = ''] = positionals;
    return withAdministration(environment, async ({ organizations }) =>
      sayRecord(shown(await organizations.change(id, changes)), values),
    );
  },
});

const remove: Command = {
  summary: 'delete an organization for good',
  help: `Deletes an organization for good: its keys are refused within 5 s, and its id is never given again.

  npm run cli -- org delete acme-genomics --yes

  --yes  needed, because nothing brings it back`,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['organization'], {
      ...commonOptions,
      yes: { type: 'boolean', default: false },
    });
    const [id = ''] = positionals;
    if (!values.yes) throw new Error(`Nothing brings a deleted organization back. To delete ${id}, repeat with --yes.`);
    return withAdministration(environment, async ({ organizations }) =>
      sayRecord(shown(await organizations.change(id, { status: 'deleted' })), values),
    );
  },
};

export const organizationCommands: Commands = {
  create,
  list,
  show,
  'set-plan': setPlan,
  suspend: statusCommand('refuse the keys of an organization until it is resumed', 'suspend', { status: 'suspended' }),
  resume: statusCommand('let a suspended organization work again', 'resume', { status: 'active' }),
  delete: remove,
};

/** An organization without its secret. */
const shown = ({ graphCredential, ...organization }: Organization): Row => ({
  ...organization,
  graphCredential: graphCredential === undefined ? 'not set' : 'set',
});

function readDays(text: string): { readonly from: string; readonly to: string } {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3_660) throw new UsageError('--days is a whole number from 1 to 3660.');
  const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  return { from: day(days - 1), to: day(0) };
}
