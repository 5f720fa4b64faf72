import { ExpectedError } from '#kit/errors.ts';
import { checked, uuid } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import type { AuthContext } from './context.ts';
import { unauthenticated } from './refusals.ts';
import { sessionOf } from './session-of.ts';

type ById = { readonly id: string };
type Switch = ById & { readonly enabled: boolean };

/** What needs the token of a person; the auth service says whether it holds and who is an administrator. */
export const callerMutations = {
  async logout(_: unknown, _arguments: object, context: AuthContext) {
    const { client, writes } = context;
    const authorization = tokenOf(context);
    const session = sessionOf(authorization);
    if (session === undefined) throw unauthenticated('The token is not valid any more.');
    await writeOnce({
      write: () => writes.logout(session, authorization),
      isCommitted: () => isVoid(client.me(authorization)),
    });
    return true;
  },
  async revokeSession(_: unknown, { id: given }: ById, context: AuthContext) {
    return revoke(checked(uuid(), given, 'id'), context);
  },
  async setUserEnabled(_: unknown, { id: given, enabled }: Switch, context: AuthContext) {
    const { client, writes } = context;
    const id = checked(uuid(), given, 'id');
    const authorization = tokenOf(context);
    await writeOnce({
      write: () => (enabled ? writes.enableUser : writes.disableUser)(id, authorization),
      isCommitted: async () => (await client.user(id, authorization))?.status === (enabled ? 'ACTIVE' : 'INACTIVE'),
    });
    return true;
  },
  async deleteUser(_: unknown, { id: given }: ById, context: AuthContext) {
    const { client, writes } = context;
    const id = checked(uuid(), given, 'id');
    const authorization = tokenOf(context);
    await writeOnce({
      write: () => writes.deleteUser(id, authorization),
      isCommitted: async () => (await client.user(id, authorization)) === null,
    });
    return true;
  },
};

/** The service answers a session that is not there like a token that is void, so the list is asked first. */
async function revoke(id: string, context: AuthContext): Promise<true> {
  const { client, writes } = context;
  const authorization = tokenOf(context);
  const isOpen = async (): Promise<boolean> => (await client.sessions(authorization)).some((session) => session.id === id);
  if (!(await isOpen())) throw new ExpectedError('NOT_FOUND', 'The caller has no such session.', { extensions: { field: 'id' } });
  await writeOnce({
    write: () => writes.revokeSession(id, authorization),
    isCommitted: async () => (id === sessionOf(authorization) ? isVoid(client.me(authorization)) : !(await isOpen())),
  });
  return true;
}

const isVoid = (read: Promise<unknown>): Promise<boolean> =>
  read.then(
    () => false,
    (error: unknown) => error instanceof ExpectedError && error.code === 'UNAUTHENTICATED',
  );

/** Permissions have made sure that there is one. */
const tokenOf = ({ call }: AuthContext): string => call.authorization ?? '';
