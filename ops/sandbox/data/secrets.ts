import { developmentSecrets } from '#kit/development-secrets.ts';

/** Signs the sandbox's tokens. It protects nothing: everybody can read it here. */
export const sandboxJwtSecret = developmentSecrets.JWT_SECRET_KEY;

/** The password of every seeded account. */
export const sandboxPassword = 'sandbox';
