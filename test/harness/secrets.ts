import { randomBytes } from 'node:crypto';

/** What a production process wants to be given before it starts. */
export const strongSecrets = {
  JWT_SECRET_KEY: randomBytes(32).toString('base64'),
  API_KEY_SALT: randomBytes(32).toString('base64'),
  SUBGRAPH_SECRET: randomBytes(32).toString('base64'),
};
