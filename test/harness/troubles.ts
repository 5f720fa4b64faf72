import type { FastifyReply } from 'fastify';
import type { ServiceName } from '#kit/service-names.ts';
import type { ServiceHook } from '#ops/sandbox/sandbox.ts';

/** What becomes of one write: it is refused, or its answer is lost before or after it took effect. */
export const troubleKinds = ['refused', 'fails before', 'fails after', 'hangs before', 'hangs after'] as const;

export type Trouble = {
  readonly service: ServiceName;
  /** Which of the service's writes, counted from 1. */
  readonly write: number;
  readonly kind: (typeof troubleKinds)[number];
};

/** Deadline of a call: short where a test has to wait for it, and long enough for a busy machine. */
export const patienceMs = (troubles: readonly Trouble[]): number =>
  troubles.some(({ kind }) => kind.startsWith('hangs')) ? 1_000 : 10_000;

/** Lets single writes of sandbox services go wrong. `onStrike` hears when one does: before its answer, if there is any. */
export const troubled =
  (troubles: readonly Trouble[], onStrike: (trouble: Trouble) => void = () => undefined): ServiceHook =>
  (app, service) => {
    let writes = 0;
    const struck = new WeakMap<object, Trouble>();
    app.addHook('onRequest', async (request, reply) => {
      if (request.method === 'GET') return;
      writes += 1;
      const trouble = troubles.find((one) => one.service === service && one.write === writes);
      if (trouble === undefined) return;
      struck.set(request, trouble);
      if (trouble.kind.endsWith('after')) return;
      onStrike(trouble);
      await (trouble.kind === 'hangs before' ? hang(reply) : reply.code(statusOf(trouble)).send({}));
    });
    app.addHook('onSend', async (request, reply, payload) => {
      const trouble = struck.get(request);
      if (trouble?.kind.endsWith('after') !== true) return payload;
      onStrike(trouble);
      if (trouble.kind === 'hangs after') await hang(reply);
      reply.code(statusOf(trouble)).type('application/json');
      return '{}';
    });
  };

const statusOf = ({ kind }: Trouble): number => (kind === 'refused' ? 400 : 500);

/** Never answers. */
function hang(reply: FastifyReply): Promise<never> {
  reply.hijack();
  return new Promise(() => undefined);
}
