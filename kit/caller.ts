/** Roles of the laboratory's people, weakest first (contract of the auth service, section 1.1). */
export const roles = [
  'guest',
  'data_analyst',
  'research_scientist',
  'lab_technician',
  'principal_investigator',
  'lab_administrator',
] as const;

export type Role = (typeof roles)[number];

/** Who is calling, as the gateway's edge found out from the credential alone. Nothing a client merely claims is in here. */
export type Caller = {
  /** A person of the laboratory with a token, an organization with a key, or somebody without a credential. */
  readonly kind: 'user' | 'partner' | 'anonymous';
  /** Short name of the organization that asks and pays, such as `acme-genomics`; empty for strangers. */
  readonly organization: string;
  /** Name of the organization's plan, such as `premium`. */
  readonly plan: string;
  /** Id of the person or of the key; empty for strangers. */
  readonly subject: string;
  readonly roles: readonly Role[];
  /** What the caller may do, as `resource:action`; for people it follows from their roles. */
  readonly scopes: readonly string[];
  /** Id of the API key. */
  readonly keyId?: string;
  /** The one organization whose data the caller may see and change; absent for people of the laboratory, who see all. */
  readonly tenant?: string;
};

/** What each role may do beyond the weaker ones (contract section 5, role intent). */
const added: Readonly<Record<Role, readonly string[]>> = {
  guest: ['samples:read', 'storage:read', 'templates:read', 'sequencing:read', 'documents:read', 'graphs:read'],
  data_analyst: ['queries:execute', 'documents:ask'],
  research_scientist: ['documents:write'],
  lab_technician: ['samples:write', 'storage:write', 'sequencing:write'],
  principal_investigator: ['samples:delete', 'storage:delete', 'sequencing:delete', 'templates:write', 'templates:delete'],
  lab_administrator: ['users:admin', 'admin:keys', 'admin:organizations', 'admin:operations', 'schema:read'],
};

/** Every scope there is. */
export const allScopes: readonly string[] = roles.flatMap((role) => added[role]);

/** Scopes that a key of a partner may have: what concerns the laboratory's people and its operation is not among them. */
export const partnerScopes: readonly string[] = allScopes.filter(
  (scope) => !['users:admin', 'admin:organizations', 'admin:operations'].includes(scope),
);

const scopesByRole = new Map(roles.map((role, rank) => [role, roles.slice(0, rank + 1).flatMap((weaker) => added[weaker])]));

/** Scopes of a person with these roles. */
export const scopesOf = (held: readonly Role[]): readonly string[] => [
  ...new Set(held.flatMap((role) => scopesByRole.get(role) ?? [])),
];

export const isRole = (value: unknown): value is Role => (roles as readonly unknown[]).includes(value);

/** Somebody without a credential. */
export const stranger: Caller = { kind: 'anonymous', organization: '', plan: 'anonymous', subject: '', roles: [], scopes: [] };
