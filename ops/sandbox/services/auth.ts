import type { Clock } from '#kit/clock.ts';
import type { Conventions } from '#ops/sandbox/failure.ts';
import { installConventions } from '#ops/sandbox/failure.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { accountRoutes } from './auth/account.ts';
import { adminRoutes } from './auth/admin.ts';
import { openDirectory } from './auth/directory.ts';
import { healthRoutes } from './auth/health.ts';
import { loginRoutes } from './auth/login.ts';
import { ownRoutes } from './auth/own.ts';
import { validateRoutes } from './auth/validate.ts';

/** The auth service of contract section 1.1: accounts, stateful tokens, and what other services ask about them. */
export const authService: SandboxService = {
  name: 'auth',
  port: 8080,
  open: async ({ clock }) => {
    const directory = await openDirectory(clock);
    return {
      routes: (app) => {
        installConventions(app, conventions(clock));
        for (const install of [loginRoutes, accountRoutes, ownRoutes, validateRoutes, adminRoutes, healthRoutes]) {
          install(app, directory);
        }
      },
      [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
    };
  },
};

/** Times in this service's errors end in `+00:00`, elsewhere in `Z`. */
const conventions = (clock: Clock): Conventions => ({
  clock,
  textRejections: true,
  unforeseenCode: 'INTERNAL_SERVER_ERROR',
  formatError: ({ code, message }, now) => ({
    error: { code, message, timestamp: now.toISOString().replace('Z', '+00:00') },
  }),
});
