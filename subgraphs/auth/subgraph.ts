import type { OpenParts } from '#kit/define-subgraph.ts';
import { defineSubgraph } from '#kit/define-subgraph.ts';
import { authClient } from './client.ts';
import type { AuthContext } from './context.ts';
import type { Directory } from './directory.ts';
import { directory } from './directory.ts';
import { authLoaders } from './loaders.ts';
import { permissions } from './permissions.ts';
import { decode } from './refusals.ts';
import { resolvers } from './resolvers.ts';
import { authWrites } from './writes.ts';

export const authSubgraph = defineSubgraph<AuthContext>({
  name: 'auth',
  schema: new URL('schema.graphql', import.meta.url),
  resolvers,
  permissions,
  decode,
  open: (parts) => {
    const names = openDirectory(parts);
    return ({ rest, call, once }) => {
      const client = authClient(rest);
      const loaders = authLoaders({ client, call, directory: names });
      return { client, writes: authWrites(rest), loaders, call, once };
    };
  },
});

function openDirectory({ settings, clock, background }: OpenParts): Directory | undefined {
  const { accountEmail, accountPassword } = settings;
  if (accountEmail === undefined || accountPassword === undefined) return undefined;
  return directory({
    account: { email: accountEmail, password: accountPassword },
    clock,
    background: () => authClient(background('auth-directory')),
  });
}
