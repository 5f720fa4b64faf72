import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

type Control = {
  readonly path: `/sandbox/${string}`;
  readonly read: () => unknown;
  /** Takes parsed JSON of any shape; throws what zod throws when it is the wrong one. */
  readonly write: (value: unknown) => void;
  readonly clear: () => void;
};

/** GET, PUT and DELETE of a setting of the sandbox itself; each answers the setting as it then is. */
export function controlRoute(app: FastifyInstance, { path, read, write, clear }: Control): void {
  // A context of its own: the manners of the service around it must not change how this is read and answered.
  app.register((own, _options, done) => {
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    own.setErrorHandler((error, _request, reply) => reply.code(400).send({ error: sentence(error) }));
    own.get(path, async () => read());
    own.put(path, async ({ body }) => {
      write(JSON.parse(String(body)));
      return read();
    });
    own.delete(path, async () => {
      clear();
      return read();
    });
    done();
  });
}

function sentence(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
