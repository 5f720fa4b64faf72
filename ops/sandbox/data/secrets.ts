import { developmentSecrets } from '#kit/development-secrets.ts';

/** Signs the sandbox's tokens, which a gateway in development verifies with it. It protects nothing. */
export const sandboxJwtSecret = developmentSecrets.JWT_SECRET_KEY;

/** The password of every seeded account. */
export const sandboxPassword = 'sandbox';
