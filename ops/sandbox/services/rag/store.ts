import type { OwnerOf } from '#ops/sandbox/data/owners.ts';
import type { Submission } from '#ops/sandbox/data/submissions.ts';
import { seedSubmissions } from '#ops/sandbox/data/submissions.ts';
import { insertInto, transaction } from '#ops/sandbox/data/table.ts';
import { openDatabase, prepare } from '#ops/sandbox/database.ts';

export type SubmissionStore = Disposable & {
  readonly find: (id: string) => Submission | undefined;
  /** In the order they came. */
  readonly all: () => readonly Submission[];
  readonly add: (submission: Submission) => void;
};

/** Submissions have no common shape, so each is kept whole. */
const schema = 'CREATE TABLE submissions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content TEXT NOT NULL)';

type Row = { readonly content: string };

export function openSubmissionStore(ownerOf: OwnerOf): SubmissionStore {
  const database = openDatabase(schema);
  const insert = insertInto(database, 'submissions', ['id', 'content']);
  const byId = prepare<Row>(database, 'SELECT content FROM submissions WHERE id = :id');
  const all = prepare<Row>(database, 'SELECT content FROM submissions ORDER BY number');
  const add = (submission: Submission) => insert({ id: submission.id, content: submission });
  transaction(database, () => seedSubmissions(ownerOf).forEach(add));
  return {
    find: (id) => byId.all({ id }).map(submissionOf).at(0),
    all: () => all.all().map(submissionOf),
    add,
    [Symbol.dispose]: () => database.close(),
  };
}

const submissionOf = ({ content }: Row): Submission => JSON.parse(content);
