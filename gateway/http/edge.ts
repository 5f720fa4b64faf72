import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ExpectedError } from '#kit/errors.ts';
import type { Abuse } from './abuse.ts';
import { clientAddress } from './client-address.ts';
import type { CorsOptions } from './cors.ts';
import { cors } from './cors.ts';
import { watchesRequests } from './watch.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Address of the client in one spelling, behind trusted proxies the one they tell of. */
    address: string;
  }
}

type Options = {
  readonly apiPrefix: string;
  readonly cors: CorsOptions;
  /** True for an address that is not to be served. */
  readonly refuses: (address: string) => boolean;
  /** Finds addresses that only guess and flood; absent where nothing is limited. */
  readonly abuse?: Abuse | undefined;
};

/** What every request meets before its route: who is on the line and whether he is served at all; then CORS. */
export function edge(app: FastifyInstance, { apiPrefix, cors: corsOptions, refuses, abuse }: Options): void {
  app.decorateRequest('address', '');
  app.addHook('onRequest', (request, reply, done) => {
    request.address = clientAddress(request);
    const refusal = refuses(request.address) ? notServed() : notHeard(abuse?.secondsToWait(request.address) ?? 0);
    if (refusal !== undefined && !isProbe(request, apiPrefix)) {
      // His body is not worth reading.
      reply.header('connection', 'close');
      return done(refusal);
    }
    if (hasTwoContentTypes(request)) return done(new ExpectedError('BAD_REQUEST', 'There are two Content-Type headers.'));
    done();
  });
  if (abuse !== undefined)
    watchesRequests(app, {
      count: abuse.count,
      exempt: (request) => isProbe(request, apiPrefix) || refuses(request.address),
    });
  cors(app, corsOptions);
}

const notServed = (): ExpectedError => new ExpectedError('FORBIDDEN', 'This address is not served.');

/** The same for every request of the address, whoever sends it: a credential is not even looked at. */
function notHeard(retryAfter: number): ExpectedError | undefined {
  if (retryAfter === 0) return undefined;
  return new ExpectedError('RATE_LIMITED', `Too many requests of this address were refused. Come back in ${retryAfter} s.`, {
    extensions: { retryAfter },
  });
}

const probe = /^\/(live|ready|health)(\/|$)/;

/** Health of a gateway that refuses an address can still be asked from there. The route decides, not the text of the URL. */
function isProbe({ routeOptions }: FastifyRequest, apiPrefix: string): boolean {
  const { url = '', config } = routeOptions;
  return isMarked(config) || probe.test(url) || (url.startsWith(apiPrefix) && probe.test(url.slice(apiPrefix.length)));
}

/** Routes of whoever watches us may stand elsewhere, and say so. */
const isMarked = (config: object | undefined): boolean => config !== undefined && 'isProbe' in config;

/** Node keeps the first of them, a proxy in front of us perhaps the last: two readers would read two things. */
function hasTwoContentTypes({ raw: { rawHeaders } }: FastifyRequest): boolean {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 'content-type'.length && name.toLowerCase() === 'content-type') found++;
  }
  return found > 1;
}
