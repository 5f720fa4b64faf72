import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { ZodType } from 'zod';
import { variableNames } from '#gateway/config.ts';
import { aliases } from '#kit/aliases.ts';

const root = resolve(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

type Variable = { readonly names: readonly string[]; readonly meaning: string };
type Part = { readonly title: string; readonly variables: readonly Variable[] };

/** The variables of one shape as its source tells them; those without a comment of their own share the one above. */
function variablesIn(source: string): readonly Variable[] {
  const found: { names: string[]; meaning: string }[] = [];
  for (const [, comment, name] of source.matchAll(/\/\*\*([\s\S]*?)\*\/|^ {2}([A-Z][A-Z0-9_]*):/gm)) {
    if (comment !== undefined) found.push({ names: [], meaning: comment.replace(/\s*\n\s*\*?\s*/g, ' ').trim() });
    else if (name !== undefined) (found.at(-1) ?? found[found.push({ names: [], meaning: '' }) - 1])?.names.push(name);
  }
  return found.filter(({ names }) => names.length > 0);
}

function partOf(file: string): Part | undefined {
  const [, title = '', shape = ''] =
    /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\n(?:export )?const \w*[vV]ariables = (?:z\.object\()?\{([\s\S]*?)\n\}/.exec(read(file)) ??
    [];
  if (shape === '') return undefined;
  return { title: title.replace(/\s*\n\s*\*?\s*/g, ' ').trim(), variables: variablesIn(shape) };
}

const files = [
  'gateway/config/process.ts',
  ...readdirSync(resolve(root, 'gateway/config'))
    .filter((file) => file !== 'process.ts')
    .map((file) => `gateway/config/${file}`),
  'kit/upload-bounds.ts',
  'kit/organizations/settings.ts',
];
const parts = files.map(partOf).filter((part) => part !== undefined);

/** What each variable is when nobody sets it, where a text can say it. */
async function defaults(): Promise<ReadonlyMap<string, string>> {
  const shapes = await Promise.all(files.map((file) => import(resolve(root, file)) as Promise<Record<string, unknown>>));
  const types = shapes.flatMap((module) =>
    Object.entries(module).flatMap(([name, shape]) => (/Variables$/.test(name) ? Object.entries(shape as object) : [])),
  ) as [string, ZodType][];
  return new Map(
    types.flatMap(([name, type]) => {
      const { data } = typeof type === 'string' ? {} : type.safeParse(undefined);
      if (data === undefined || /SECRET|SALT|TOKEN/.test(name)) return [];
      const text = Array.isArray(data) ? data.join(',') : data;
      return ['string', 'number', 'boolean'].includes(typeof text) && text !== '' ? [[name, String(text)] as const] : [];
    }),
  );
}

const line = ({ names, meaning }: Variable, known: ReadonlyMap<string, string>): string => {
  const told = names.map((name) => (known.has(name) ? `\`${name}\` (${known.get(name)})` : `\`${name}\``));
  return `- ${told.join(', ')}: ${meaning}`;
};

async function page(): Promise<string> {
  const known = await defaults();
  return `# Configuration

Every variable of a gateway process, made from the sources by \`npx vitest run test/house/configuration.test.ts -u\`. In brackets
stands what holds when nobody sets it. Each may also come from a file, named by the variable with \`_FILE\` behind it, and from Vault
(\`VAULT_ADDR\`). Empty counts as unset. A value that cannot be read stops the start with one line that names the variable.

${parts.map(({ title, variables }) => `## ${title.replace(/\.$/, '')}\n\n${variables.map((variable) => line(variable, known)).join('\n')}`).join('\n\n')}

## The laboratory's services

\`SAMPLE_SERVICE_URL\` and siblings, told in [kit/upstream-settings.ts](../kit/upstream-settings.ts): for each of
${[...new Set(variableNames.flatMap((name) => /^(\w+_SERVICE)_URL$/.exec(name)?.[1] ?? []))].map((name) => `\`${name}\``).join(', ')} with
${[...new Set(variableNames.flatMap((name) => /^AUTH_SERVICE_(\w+)$/.exec(name)?.[1] ?? []))].map((name) => `\`_${name}\``).join(', ')}.

## Other names

Names that deployments of gateways before this one use, and the variables that they fill; our own names win.

${Object.entries(aliases)
  .map(([name, ours]) => `- \`${name}\`: ${ours.map((own) => `\`${own}\``).join(', ')}`)
  .join('\n')}

## Names that change nothing

- \`ENABLE_RESULT_STREAMING\`: rows of statements come in pages of at most 10,000 in any case, so that no answer grows without bound.
- \`ENABLE_ADVANCED_ANALYTICS\`: no field is of analytics alone; scopes of keys and roles tell who walks a graph or runs statements.
`;
}

test('AD-06, AD-23: the page of variables is as the sources say', async () => {
  await expect(await page()).toMatchFileSnapshot(resolve(root, 'ops/CONFIGURATION.md'));
});

test('every variable is explained', () => {
  const unexplained = parts.flatMap(({ variables }) => variables.filter(({ meaning }) => meaning === ''));
  expect(unexplained).toEqual([]);
});

test('every variable that a process reads stands on the page', async () => {
  const text = await page();
  const missing = variableNames.filter((name) => !text.includes(`\`${name}\``) && !/_SERVICE_/.test(name));
  expect(missing).toEqual([]);
});
