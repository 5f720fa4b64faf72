import type { Command } from './command.ts';
import { say } from './print.ts';
import { withAdministration } from './with-administration.ts';
import { readWords } from './words.ts';

const help = `Makes the tables or indexes that the store of organizations needs; again changes nothing.

  npm run cli -- migrate
  MONGODB_URI=mongodb://127.0.0.1:27017/lab npm run cli -- migrate

Run it before the first start with a MongoDB, and after every update.`;

export const migrate: Command = {
  summary: 'prepare the store of organizations',
  help,
  run(words, environment) {
    readWords(words, [], {});
    return withAdministration(environment, async ({ store }) => {
      await store.migrate();
      return say('The store of organizations is ready.');
    });
  },
};
