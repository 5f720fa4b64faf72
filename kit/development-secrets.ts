/**
 * Secrets that a process has in development when none are set. They stand in public text, so a production process
 * refuses them.
 */
export const developmentSecrets = {
  SUBGRAPH_SECRET: 'development-subgraph-secret-that-everybody-can-read',
  /** Signs the sandbox's tokens as well. */
  JWT_SECRET_KEY: 'sandbox-jwt-secret-of-at-least-32-characters',
  API_KEY_SALT: 'development-api-key-salt-that-everybody-can-read',
} as const;
