import type { Caller } from '#kit/caller.ts';
import { partnerScopes } from '#kit/caller.ts';
import {
  containerId,
  counts,
  jobId,
  locationId,
  range,
  sampleId,
  sheetId,
  submissionId,
  templateId,
  userId,
} from '#ops/sandbox/data/facts.ts';
import type { Owner, OwnerOf } from '#ops/sandbox/data/owners.ts';
import { markedBarcode } from '#ops/sandbox/data/owners.ts';
import type { Random } from '#ops/sandbox/faults/random.ts';
import { vertexId } from '#subgraphs/graph/vertex-id.ts';
import { partner } from '#test/harness/callers.ts';
import { chance, pick, upTo } from '#test/harness/random.ts';

/** An organization with a canary: a word that stands in all of its data and nowhere else. */
export type Suspect = Required<Owner> & { readonly caller: Caller };

const suspects: readonly Suspect[] = range(50).map((n) => {
  const number = String(n).padStart(2, '0');
  const id = `organization${number}x`;
  return { id, mark: `canary${number}x`, caller: partner(id, partnerScopes) };
});

export { suspects };

/**
 * Of every second ten samples all are of one organization, so that a job, which holds ten, is of one as well; the others go
 * round, so that their jobs are of ten.
 */
export const ownerOf: OwnerOf = (sample) => {
  const ten = Math.floor((sample - 1) / 10);
  return suspects[(ten % 2 === 0 ? ten / 2 : sample) % suspects.length] as Suspect;
};

const names = /(?:canary|organization)(\d\d)x/gi;

/** Words of organizations other than the given one, in what an answer says and in what its ids and cursors hold. */
export function foreignWords(text: string, { mark }: Suspect): readonly string[] {
  const hidden = [...text.matchAll(/"([\w-]{16,})={0,2}"/g)].map(([, word = '']) => Buffer.from(word, 'base64url').toString());
  const found = [text, ...hidden].flatMap((one) => [...one.matchAll(names)]);
  return found.filter(([, number]) => mark !== `canary${number}x`).map(([word]) => word);
}

const frames = ['Sample', 'Sample', 'Library', 'Subject', 'Run'] as const;

const keys: Readonly<Record<(typeof frames)[number], (n: number) => string>> = {
  Sample: sampleId,
  Library: (n) => `LIB-${String(n).padStart(5, '0')}`,
  Subject: (n) => `SUBJ-${String((n % 50) + 1).padStart(3, '0')}`,
  Run: (n) => `RUN-${String((n % counts.jobs) + 1).padStart(4, '0')}`,
};

const statements = (mark: string): readonly string[] => [
  'MATCH (s:Sample) RETURN s.key AS key, s.name AS name LIMIT 50',
  `MATCH (s:Sample) RETURN s, '${mark}' AS asked LIMIT 20`,
  'MATCH (s:Sample)-[e:COLLECTED_FROM]->(t:Subject) RETURN e.site AS site, t.key AS key LIMIT 50',
  'MATCH (l:Library) RETURN l.kit AS kit, count(*) AS number ORDER BY kit LIMIT 50',
];

/** A value for an argument, of the organization itself half of the time and of anybody otherwise; null for what is best left out. */
export function valueFor(coordinate: string, { id, mark }: Suspect, random: Random): unknown {
  const anySample = (): number => 1 + upTo(random, counts.samples - 1);
  const ownSamples = range(counts.samples).filter((n) => ownerOf(n).id === id);
  const sample = (): number => (chance(random, 50) ? pick(random, ownSamples) : anySample());
  const frame = pick(random, frames);
  const vertex = (): string => vertexId({ graph: 'lab', frame, key: keys[frame](sample()) });
  const values: Readonly<Record<string, () => unknown>> = {
    'Query.sample.id': () => sampleId(sample()),
    'Query.sample.barcode': () => markedBarcode(sample(), ownerOf),
    'Query.samples.filter': () => ({ search: pick(random, [mark, pick(random, suspects).mark, 'sample']) }),
    'Query.sequencingJob.id': () => jobId(1 + upTo(random, counts.jobs - 1)),
    'Query.sampleSheet.id': () => sheetId(1 + upTo(random, counts.sheets - 1)),
    'Query.ragSubmission.id': () => submissionId(1 + upTo(random, counts.submissions - 1)),
    'Query.storageContainer.id': () => containerId(1 + upTo(random, 213)),
    'Query.storageLocation.id': () => locationId(1 + upTo(random, counts.locations - 1)),
    'Query.template.id': () => templateId(1 + upTo(random, counts.templates - 1)),
    'Query.user.id': () => userId(1 + upTo(random, counts.users - 1)),
    'Query.workflow.id': () => `3f100000-0000-4000-8000-00000000000${1 + upTo(random, 4)}`,
    'Query.graph.name': () => 'lab',
    'Query.vertex.graph': () => 'lab',
    'Query.vertex.frame': () => 'Sample',
    'Query.vertex.key': () => sampleId(sample()),
    'Query.neighborhood.id': vertex,
    'Query.shortestPath.from': vertex,
    'Query.shortestPath.to': vertex,
    'Query.cypherQuery.graph': () => 'lab',
    'Query.cypherQuery.statement': () => pick(random, statements(mark)),
    'Query.graphQueryJob.id': () => String(1 + upTo(random, 50)),
    'Query.askLab.query': () => `Where are the samples of ${mark}?`,
  };
  return values[coordinate]?.() ?? null;
}
