import type { Call } from '#kit/call.ts';
import type { Caller } from '#kit/caller.ts';
import type { Loader } from '#kit/loader.ts';
import { eachLoader, pickLoader, uuidLoader } from '#kit/loader.ts';
import type { AuthClient, OwnedSession, Session, User } from './client.ts';
import type { Directory, Name } from './directory.ts';
import { selfOnly } from './self-only.ts';

/** What the auth service shows to the caller's own token; it decides itself who is an administrator. */
type CallerView = {
  readonly me: () => Promise<User>;
  readonly sessions: () => Promise<readonly Session[]>;
  /** The newest 100 of everybody, for administrators. */
  readonly allSessions: () => Promise<readonly OwnedSession[]>;
  /** The newest 100, for administrators; listed once per request. */
  readonly users: () => Promise<readonly User[]>;
  /** For administrators; one call per person. */
  readonly user: Loader<string, User>;
  /** For everybody: themself in full, everybody in full for an administrator, else null. */
  readonly person: Loader<string, User>;
};

export type AuthLoaders = {
  /** Absent when the caller has no token. */
  readonly caller: CallerView | undefined;
  /** As much of people as everybody may know. */
  readonly names: Loader<string, Name>;
};

type Parts = {
  readonly client: AuthClient;
  readonly call: Call;
  readonly directory: Directory | undefined;
};

export function authLoaders({ client, call, directory }: Parts): AuthLoaders {
  const caller = call.authorization === undefined ? undefined : callerView(client, call.authorization, call.caller);
  return { caller, names: uuidLoader(directory === undefined ? seenBy(caller) : listedIn(directory, client)) };
}

function callerView(whole: AuthClient, authorization: string, { tenant }: Caller): CallerView {
  const client = tenant === undefined ? whole : selfOnly(whole);
  const me = once(() => client.me(authorization));
  const users = once(() => client.users(authorization));
  const user = eachLoader((id: string) => client.user(id, authorization));
  const picked = pickLoader({ threshold: 1, list: users, one: user.load, idOf: ({ id }) => id });
  const person = async (id: string): Promise<User | null> => {
    const caller = await me();
    if (caller.id === id) return caller;
    return caller.role === 'LAB_ADMINISTRATOR' && tenant === undefined ? picked.load(id) : null;
  };
  return {
    me,
    sessions: () => client.sessions(authorization),
    allSessions: () => client.allSessions(authorization),
    users,
    user: uuidLoader(user),
    person: uuidLoader({ load: person }),
  };
}

const listedIn = (directory: Directory, client: AuthClient): Loader<string, Name> =>
  pickLoader({
    threshold: 1,
    list: directory.newest,
    one: (id) => directory.one(id, client),
    idOf: ({ id }) => id,
  });

/** Without an account of the gateway's own, people know those whom they may see in full. */
const seenBy = (caller: CallerView | undefined): Loader<string, Name> => ({
  load: async (id) => caller?.person.load(id) ?? null,
});

function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}
