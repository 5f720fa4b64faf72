import { containerId, jobId, locationId, sampleId, sheetId, templateId } from '#ops/sandbox/data/facts.ts';
import { positionContainerId } from '#ops/sandbox/data/storage.ts';

/** Ids of what the deeds of one round are about; those of seed data until a deed makes something. */
export type Ids = Record<'sample' | 'job' | 'clone' | 'sheet' | 'template' | 'field' | 'location' | 'position', string>;

export const firstIds = (): Ids => ({
  sample: sampleId(1),
  job: jobId(1),
  clone: jobId(2),
  sheet: sheetId(1),
  template: templateId(1),
  field: templateId(1),
  location: locationId(1),
  position: positionContainerId(9),
});

/** A mutation, and the id that its answer gives to the deeds after it. */
export type Deed = { readonly text: (ids: Ids, round: number) => string; readonly gives?: keyof Ids };

const freePlaces = [positionContainerId(9), positionContainerId(10)] as const;

/** Every kind of change of samples, storage, templates and sequencing, in an order in which each can be made. */
export const deeds: readonly Deed[] = [
  { text: (_, n) => `it: createSample(input: { name: "Fresh ${n}", sampleType: DNA }) { id }`, gives: 'sample' },
  { text: ({ sample }, n) => `it: updateSample(id: "${sample}", input: { name: "Changed ${n}" }) { id }` },
  { text: ({ sample }) => `it: transitionSample(id: "${sample}", to: VALIDATED, reason: "checked") { id }` },
  { text: ({ sample }) => `it: validateSample(id: "${sample}") { isValid }` },
  { text: ({ sample }) => `it: storeSample(input: { sampleId: "${sample}", containerId: "${freePlaces[0]}" }) { id }` },
  { text: ({ sample }) => `it: moveSample(input: { sampleId: "${sample}", newContainerId: "${freePlaces[1]}" }) { id }` },
  { text: ({ sample }) => `it: removeSampleFromStorage(sampleId: "${sample}", reason: "used up")` },
  { text: ({ sample }) => `it: assignSample(input: { sampleId: "${sample}", containerId: "${freePlaces[0]}" }) { id }` },
  { text: ({ sample }) => `it: removeSampleFromStorage(sampleId: "${sample}", reason: "used up")` },
  { text: (_, n) => `it: createTemplate(input: { name: "Form ${n}", templateType: "sample" }) { id }`, gives: 'template' },
  { text: ({ template }, n) => `it: updateTemplate(id: "${template}", input: { name: "Form ${n} again" }) { id }` },
  {
    text: ({ template }) =>
      `it: addTemplateField(templateId: "${template}", input: { fieldName: "ph", fieldType: NUMBER, label: "pH" }) { id }`,
    gives: 'field',
  },
  {
    text: ({ template, field }, n) =>
      `it: updateTemplateField(templateId: "${template}", fieldId: "${field}", input: { label: "pH ${n}" }) { id }`,
  },
  { text: ({ template, field }) => `it: deleteTemplateField(templateId: "${template}", fieldId: "${field}")` },
  { text: ({ template }) => `it: deleteTemplate(id: "${template}")` },
  {
    text: (_, n) =>
      `it: createStorageLocation(input: { name: "Room ${n}", locationType: "cabinet", maxCapacity: 10, temperatureZone: ROOM_TEMPERATURE }) { id }`,
    gives: 'location',
  },
  { text: ({ location }, n) => `it: updateStorageLocation(id: "${location}", input: { name: "Room ${n} again" }) { id }` },
  { text: ({ location }) => `it: deleteStorageLocation(id: "${location}")` },
  {
    text: (_, n) =>
      `it: createStorageContainer(input: { name: "Rack ${n}", type: RACK, capacity: 20, parentId: "${containerId(1)}" }) { id }`,
  },
  {
    text: ({ sample }, n) =>
      `it: createSequencingJob(input: { name: "Job ${n}", platformId: "illumina_novaseq", workflowId: "3f100000-0000-4000-8000-000000000001", sampleIds: ["${sample}"] }) { id }`,
    gives: 'job',
  },
  { text: ({ job }, n) => `it: updateSequencingJob(id: "${job}", input: { name: "Job ${n} again" }) { id }` },
  { text: ({ job }) => `it: transitionSequencingJob(id: "${job}", to: SUBMITTED, notes: "go") { id }` },
  { text: ({ job }) => `it: cloneSequencingJob(id: "${job}") { id }`, gives: 'clone' },
  { text: ({ job }) => `it: cancelSequencingJob(id: "${job}") { id }` },
  { text: ({ clone }) => `it: deleteSequencingJob(id: "${clone}")` },
  {
    text: ({ sample }, n) =>
      `it: queueForSequencing(input: { name: "Queue ${n}", platformId: "illumina_novaseq", workflowId: "3f100000-0000-4000-8000-000000000001", sampleIds: ["${sample}"] }) { id }`,
    gives: 'job',
  },
  {
    text: (_, n) =>
      `it: createSampleSheet(input: { name: "Sheet ${n}", platformId: "illumina_novaseq", lines: [{ sampleId: "S1", sampleName: "One" }] }) { id }`,
    gives: 'sheet',
  },
  { text: ({ sheet }, n) => `it: updateSampleSheet(id: "${sheet}", input: { name: "Sheet ${n} again" }) { id }` },
  { text: ({ sheet }) => `it: validateSampleSheet(id: "${sheet}") { isValid }` },
  { text: ({ sheet }) => `it: deleteSampleSheet(id: "${sheet}")` },
  { text: (_, n) => `it: createSamples(input: [{ name: "Batch ${n}", sampleType: RNA }]) { created { id } }` },
  { text: ({ sample }) => `it: transitionSample(id: "${sample}", to: FAILED, reason: "lost") { id }` },
  { text: ({ sample }) => `it: deleteSample(id: "${sample}")` },
];

/**
 * What may have changed by any of them, alone, in lists, and reached from elsewhere. `Sample.sequencingJobs` is left out: the
 * subgraph tells it by an index of its own, which is up to 30 s old where nothing is heard of others, as without a cache; what
 * is heard has a test of its own.
 */
export const probes: readonly ((ids: Ids) => string)[] = [
  ({ sample }) => `{ sample(id: "${sample}") { id name status storagePosition { positionIdentifier container { id name } } } }`,
  () => '{ samples(first: 5) { totalCount nodes { id name status storagePosition { positionIdentifier } } } }',
  () => '{ storageLocations { id name capacity { total used } } }',
  () =>
    `{ a: storageContainer(id: "${freePlaces[0]}") { id occupants { sample { name status } } } b: storageContainer(id: "${freePlaces[1]}") { occupants { sample { name } } } rack: storageContainer(id: "${containerId(1)}") { capacity { used } } }`,
  ({ template }) => `{ template(id: "${template}") { name fields { fieldName label } } templates { id name } }`,
  ({ job }) => `{ sequencingJob(id: "${job}") { name status samples { id name status } } }`,
  () => '{ sequencingJobs(first: 5) { totalCount nodes { id name status } } }',
  ({ sheet }) => `{ sampleSheet(id: "${sheet}") { name status } sampleSheets(first: 5) { nodes { id name } } }`,
];
