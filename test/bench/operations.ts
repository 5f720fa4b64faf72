export type Operation = { readonly name: string; readonly query: string; readonly variables?: Readonly<Record<string, unknown>> };

export const mainJob = `query MainJob { samples(first: 20) { totalCount pageInfo { hasNextPage endCursor } nodes { id barcode name status template { name } storagePosition { positionIdentifier container { name location { name temperatureZone } } } sequencingJobs { name status } lineage(direction: UPSTREAM, maxDepth: 3) { vertices { key frame } truncated } ragSubmission { confidenceScore } createdBy { displayName } } } }`;

export const operations: readonly [Operation, ...Operation[]] = [
  { name: 'main job', query: mainJob },
  {
    name: 'one sample',
    query: 'query OneSample($id: ID!) { sample(id: $id) { id barcode name status } }',
    variables: { id: '5a000000-0000-4000-8000-000000000001' },
  },
  {
    name: 'list of 100',
    query:
      'query List { samples(first: 100) { nodes { id barcode name status sampleType concentration metadata template { name fields { fieldName fieldType } } sequencingJobs { id name status } createdBy { displayName } } } }',
  },
];
