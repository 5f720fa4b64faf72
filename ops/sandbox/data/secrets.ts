/** Signs the sandbox's tokens. It protects nothing: everybody can read it here. */
export const sandboxJwtSecret = 'sandbox-jwt-secret-of-at-least-32-characters';

/** The password of every seeded account. */
export const sandboxPassword = 'sandbox';
