import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Block } from '#kit/blocks.ts';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { TellDeed } from './deeds.ts';

type Parts = {
  /** Addresses that are shut out. */
  readonly blocks: {
    readonly list: () => Promise<readonly Block[]>;
    readonly block: (block: Block) => Promise<void>;
    readonly lift: (address: string) => Promise<boolean>;
  };
  readonly now: () => number;
  readonly tell: TellDeed;
};

const NewBlock = z.strictObject({
  ip: z.union([z.ipv4(), z.ipv6()]),
  reason: z.string().min(1).max(200).default('by an operator'),
  /** Seconds from now. */
  seconds: z
    .int()
    .min(1)
    .max(366 * 86_400)
    .default(86_400),
});

export function blockRoutes(app: FastifyInstance, { blocks, now, tell }: Parts): void {
  const list = async () => {
    const found = (await blocks.list()).map(shown);
    return { blocked_ips: found, count: found.length };
  };
  app.get('/admin/blocked-ips', list);
  app.get('/api/v3/rate-limit/blocked-ips', list);
  app.post('/admin/blocked-ips', async (request, reply) => {
    const { ip, reason, seconds } = checked(NewBlock, request.body, 'body');
    const block = { address: ip, reason, until: now() + seconds * 1_000 };
    await blocks.block(block);
    tell(request, { deed: 'blocked-ips.add', detail: `${ip} for ${seconds} s` });
    return reply.status(201).send(shown(block));
  });
  app.delete<{ Params: { ip: string } }>('/admin/blocked-ips/:ip', async (request, reply) => {
    const { ip } = request.params;
    if (!(await blocks.lift(ip))) throw new ExpectedError('NOT_FOUND', 'This address is not blocked.');
    tell(request, { deed: 'blocked-ips.lift', detail: ip });
    return reply.status(204).send();
  });
}

const shown = ({ address, reason, until }: Block) => ({ ip: address, reason, until: new Date(until).toISOString() });
