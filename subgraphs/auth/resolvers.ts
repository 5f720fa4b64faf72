import type { SubgraphResolvers } from '#kit/define-subgraph.ts';
import type { OwnedSession, User } from './client.ts';
import type { AuthContext } from './context.ts';
import { mutations } from './mutations.ts';
import type { Login } from './writes.ts';

type ById = { readonly id: string };

/** Someone the auth service has shown to the caller, or a mere reference, of which the rest is looked up field by field. */
type Person = User | ById;

export const resolvers: SubgraphResolvers = {
  Query: {
    me: (_: unknown, _arguments: object, { loaders }: AuthContext) => loaders.caller?.me(),
    mySessions: (_: unknown, _arguments: object, { loaders }: AuthContext) => loaders.caller?.sessions(),
    user: (_: unknown, { id }: ById, { loaders }: AuthContext) => loaders.caller?.user.load(id),
    users: (_: unknown, _arguments: object, { loaders }: AuthContext) => loaders.caller?.users(),
    adminSessions: (_: unknown, _arguments: object, { loaders }: AuthContext) => loaders.caller?.allSessions(),
  },
  Mutation: mutations,
  AuthPayload: {
    user: ({ accessToken }: Login, _: object, { client }: AuthContext) => client.me(`Bearer ${accessToken}`),
  },
  AdminSession: {
    user: ({ userId }: OwnedSession): ById => ({ id: userId }),
  },
  User: {
    __resolveReference: ({ id }: ById): ById => ({ id }),
    displayName: async (person: Person, _: object, { loaders }: AuthContext) =>
      (isShown(person) ? person : await loaders.names.load(person.id))?.displayName,
    email: shown('email'),
    firstName: shown('firstName'),
    lastName: shown('lastName'),
    role: shown('role'),
    status: shown('status'),
    department: shown('department'),
    position: shown('position'),
    labAffiliation: shown('labAffiliation'),
    emailVerified: shown('emailVerified'),
    lastLoginAt: shown('lastLoginAt'),
    createdAt: shown('createdAt'),
  },
};

function shown<Field extends keyof User>(field: Field) {
  return async (person: Person, _: object, { loaders }: AuthContext): Promise<User[Field] | undefined> =>
    (isShown(person) ? person : await loaders.caller?.person.load(person.id))?.[field];
}

const isShown = (person: Person): person is User => 'email' in person;
