import type { CredentialOf } from '#kit/define-subgraph.ts';
import { ExpectedError } from '#kit/errors.ts';
import type { Catalog, Catalogs } from './catalog.ts';
import type { GraphJob, GraphJobPage, JobClient } from './jobs.ts';
import { graphOf } from './tenancy.ts';

/** What callers may do with statements of their own. */
export type Statements = {
  /** The graph that a statement is to be about; null when there is none of that name. */
  readonly graph: (name: string) => Promise<Catalog | null>;
  readonly jobs: JobClient;
};

type Parts = {
  readonly catalogs: Catalogs;
  /** Sees all jobs that the service shows to its caller. */
  readonly jobs: JobClient;
  readonly tenant: string;
  readonly credentialOf: CredentialOf;
};

/**
 * What a statement reaches cannot be told from its text, in which frames of any namespace may stand. So it runs with the
 * organization's own credential, by which the graph service keeps namespaces apart, or not at all, and in the organization's
 * own graph alone.
 */
export function ownStatements({ catalogs, jobs, tenant, credentialOf }: Parts): Statements {
  const own = graphOf(tenant);
  const allowed = async (): Promise<void> => {
    if ((await credentialOf(tenant)) === undefined) throw withoutCredential();
  };
  const history: JobClient['history'] = async ({ graph, ...filter }) => {
    await allowed();
    if (own === null || (graph ?? own) !== own) return none;
    const { nodes, hasNextPage } = await jobs.history({ ...filter, graph: own });
    return { nodes: nodes.filter((job) => job.graph === own), totalCount: null, hasNextPage };
  };
  return {
    async graph(name) {
      await allowed();
      return name === own ? catalogs.of(name) : null;
    },
    jobs: { submit: jobs.submit, history, job: (id) => jobAmong(history, id) },
  };
}

const none: GraphJobPage = { nodes: [], totalCount: null, hasNextPage: false };

const longestPage = 200;
const maxPages = 5;

/** The state of a job does not tell its graph, and the history does; the service keeps the newest thousand. */
async function jobAmong(history: JobClient['history'], id: string): Promise<GraphJob> {
  for (let page = 1; page <= maxPages; page++) {
    const { nodes, hasNextPage } = await history({ page, perPage: longestPage });
    const found = nodes.find((job) => job.id === id);
    if (found !== undefined) return found;
    if (!hasNextPage) break;
  }
  throw new ExpectedError('NOT_FOUND', 'The graph service does not know this.', { extensions: { service: 'graph' } });
}

const withoutCredential = (): ExpectedError =>
  new ExpectedError(
    'FORBIDDEN',
    'This needs a credential of the organization at the graph service, and the laboratory has given it none.',
  );
