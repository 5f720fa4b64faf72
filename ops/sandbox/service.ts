import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { ServiceName } from '#kit/service-names.ts';
import type { OwnerOf } from './data/owners.ts';

/** What every sandbox service is: a port to prefer and a way to open itself over fresh seed data. */
export type SandboxService = {
  readonly name: ServiceName;
  /** First port to try; the next free one is taken when it is in use (design.md section 8). */
  readonly port: number;
  readonly open: (options: OpenOptions) => Promise<OpenService>;
};

type OpenOptions = {
  readonly clock: Clock;
  /** Whose the samples of the seed data are. */
  readonly ownerOf: OwnerOf;
};

type OpenService = AsyncDisposable & {
  /** Adds the contract's routes to a Fastify instance that answers for this service alone. */
  readonly routes: (app: FastifyInstance) => void;
};
