import { counts, epoch, range, userId } from './facts.ts';

/** Weakest to strongest; "role or higher" follows this order. */
export const userRoles = [
  'guest',
  'data_analyst',
  'research_scientist',
  'lab_technician',
  'principal_investigator',
  'lab_administrator',
] as const;

export type UserRole = (typeof userRoles)[number];
export type UserStatus = 'active' | 'inactive' | 'suspended' | 'deleted';

export type SeedUser = {
  readonly id: string;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly role: UserRole;
  readonly status: UserStatus;
  readonly email_verified: number;
  readonly last_login_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly department: string | null;
  readonly position: string | null;
  readonly lab_affiliation: string | null;
};

type Person = readonly [account: string, firstName: string, lastName: string, role: UserRole, status?: UserStatus];

const people: readonly Person[] = [
  ['admin', 'Administrator', 'One', 'lab_administrator'],
  ['tech', 'Technician', 'Two', 'lab_technician'],
  ['guest', 'Guest', 'Three', 'guest'],
  ['analyst.four', 'Analyst', 'Four', 'data_analyst'],
  ['scientist.five', 'Scientist', 'Five', 'research_scientist'],
  ['investigator.six', 'Investigator', 'Six', 'principal_investigator'],
  ['technician.seven', 'Technician', 'Seven', 'lab_technician'],
  ['analyst.eight', 'Analyst', 'Eight', 'data_analyst'],
  ['scientist.nine', 'Scientist', 'Nine', 'research_scientist'],
  ['investigator.ten', 'Investigator', 'Ten', 'principal_investigator'],
  ['guest.eleven', 'Guest', 'Eleven', 'guest', 'inactive'],
  ['analyst.twelve', 'Analyst', 'Twelve', 'data_analyst', 'suspended'],
];

const departments = ['Sequencing', 'Sample Reception', 'Bioinformatics', null] as const;
const affiliations = ['Main Laboratory', 'Partner Laboratory', null] as const;

const day = 86_400_000;

/** User 1 is the oldest account. */
export const seedUsers = (): SeedUser[] => range(counts.users).map(seedUser);

function seedUser(n: number): SeedUser {
  const [account, firstName, lastName, role, status = 'active'] = people[n - 1] ?? [`user.${n}`, 'User', String(n), 'guest'];
  return {
    id: userId(n),
    email: `${account}@lab.example`,
    first_name: firstName,
    last_name: lastName,
    role,
    status,
    email_verified: status === 'active' ? 1 : 0,
    last_login_at: n % 4 === 0 ? null : at(-n * day),
    created_at: at((n - 400) * day),
    updated_at: at((n - 200) * day),
    department: departments[n % departments.length] ?? null,
    position: role === 'guest' ? null : role.replaceAll('_', ' '),
    lab_affiliation: affiliations[n % affiliations.length] ?? null,
  };
}

const at = (offsetMs: number): string => new Date(epoch + offsetMs).toISOString();
