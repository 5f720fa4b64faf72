import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import type { Log } from '#ops/log/open-log.ts';
import type { Peers } from '#ops/peers.ts';
import type { Reload } from '#ops/reload.ts';
import type { TellDeed } from './deeds.ts';
import type { Status, StatusParts } from './status.ts';
import { mergedStatus, statusOf } from './status.ts';

/** What operators may do to the process; what is not given has no route. */
export type ProcessControls = {
  /** Has every part read its files anew. */
  readonly reload?: Reload;
  /** Takes this process out of the load balancer, and back. */
  readonly drain?: () => void;
  readonly undrain?: () => void;
};

type Parts = StatusParts & {
  readonly controls: ProcessControls;
  readonly log: Pick<Log, 'level' | 'setLevel'>;
  /** Every variable, without what could be a secret. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tell: TellDeed;
  readonly peers?: Peers | undefined;
};

const LogLevel = z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) });

export function processRoutes(app: FastifyInstance, parts: Parts): void {
  const { controls, log, config, tell, isDraining, peers } = parts;
  peers?.answer('status', () => statusOf(parts));
  peers?.answer('log-level', (level) => log.setLevel(LogLevel.shape.level.parse(level)));
  app.get('/admin/status', async () => {
    const own = statusOf(parts);
    return peers === undefined ? own : mergedStatus((await peers.ask('status')) as readonly Status[], own);
  });
  app.get('/admin/config', async () => config);
  app.put('/admin/log-level', async (request) => {
    const { level } = checked(LogLevel, request.body, 'body');
    const before = log.level();
    log.setLevel(level);
    await peers?.ask('log-level', level);
    tell(request, { deed: 'log-level', detail: `${before} to ${level}` });
    return { level };
  });
  const { reload, drain, undrain } = controls;
  if (reload !== undefined)
    app.post('/admin/reload', async (request) => {
      const parts = await reload();
      const refused = Object.keys(parts).filter((name) => parts[name]?.ok === false);
      tell(request, { deed: 'reload', detail: refused.length === 0 ? 'every part' : `but for ${refused.join(', ')}` });
      if (refused.length === 0) return { reloaded: true, parts };
      throw new ExpectedError('BAD_USER_INPUT', `Not read again: ${refused.join(', ')}; the old goes on.`, {
        extensions: { parts },
      });
    });
  for (const [deed, change] of Object.entries({ drain, undrain }))
    if (change !== undefined)
      app.post(`/admin/${deed}`, async (request) => {
        change();
        tell(request, { deed, detail: isDraining() ? 'draining' : 'serving' });
        return { draining: isDraining() };
      });
}
