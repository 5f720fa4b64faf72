import { counts, epoch, isStored, jobId, parentOfSample, range, sampleId, samplesOfJob } from './facts.ts';
import type { FrameName, FrameRow } from './graph-frames.ts';
import { platformOfJob, runId, startedAt, wasStarted } from './jobs.ts';
import type { Owner, OwnerOf } from './owners.ts';
import { withMark } from './owners.ts';
import type { Sample } from './samples.ts';
import { seedSamples } from './samples.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** Lineages go down in steps of 50, so every sample of one has the same subject. */
const subjects = 50;

/** Keys that stay the same: SUBJ-001, LIB-00001 of sample 1, RUN-0001 of job 1. */
const subjectKey = (n: number): string => `SUBJ-${String(n).padStart(3, '0')}`;
const libraryKey = (sample: number): string => `LIB-${String(sample).padStart(5, '0')}`;
const runKey = (job: number): string => `RUN-${String(job).padStart(4, '0')}`;

/** The last integer a double can hold exactly is 2^53; every checksum lies above. */
const firstChecksum = 9_007_199_254_740_993n;

export type FrameRows = Readonly<Record<FrameName, readonly FrameRow[]>>;

/** The rows of every frame, in the order of their keys. */
export function frameRows(ownerOf: OwnerOf): FrameRows {
  const markOf = (sample: number): string | undefined => ownerOf(sample).mark;
  const samples = range(counts.samples);
  const inJobs = range(counts.jobs).flatMap(samplesOfJob);
  const started = range(counts.jobs).filter(wasStarted);
  return {
    Sample: seedSamples(ownerOf).map((sample, index) => sampleRow(sample, index + 1, ownerOf(index + 1))),
    Subject: range(subjects).map(subjectRow),
    Library: inJobs.map((sample) => libraryRow(sample, ownerOf(sample))),
    Run: started.map(runRow),
    DERIVED_FROM: samples.flatMap(derivation),
    COLLECTED_FROM: samples.filter((n) => parentOfSample(n) === null).map((n) => collection(n, markOf(n))),
    PREPARED_AS: inJobs.map((sample) => preparation(sample, markOf(sample))),
    SEQUENCED_IN: started.flatMap((job) => samplesOfJob(job).map((sample) => sequencing(sample, job))),
    RunMetrics: started.flatMap(metricsOfRun),
  };
}

function sampleRow(sample: Sample, n: number, { id }: Owner): FrameRow {
  return {
    key: sample.id,
    name: sample.name,
    barcode: sample.barcode,
    sample_type: sample.sample_type,
    status: sample.status,
    is_stored: isStored(n),
    concentration: sample.concentration,
    created_at: localDateTime(Date.parse(sample.created_at)),
    tags: [sample.sample_type.toLowerCase(), ...(n % 5 === 0 ? ['control'] : [])],
    organization_id: id,
  };
}

function subjectRow(n: number): FrameRow {
  return {
    key: subjectKey(n),
    species: n % 10 === 0 ? 'Mus musculus' : 'Homo sapiens',
    sex: n % 2 === 0 ? 'female' : 'male',
    birth_date: localDate(epoch - (20 * 365 + n * 200) * day),
    consented: n % 10 === 0 ? null : n % 7 !== 0,
  };
}

type Mark = string | undefined;

function libraryRow(sample: number, { id, mark }: Owner): FrameRow {
  return {
    key: libraryKey(sample),
    kit: withMark(sample % 2 === 0 ? 'PCR-free' : 'Nextera', mark),
    insert_size: 300 + (sample % 5) * 50,
    prepared_at: localDateTime(epoch - sample * hour),
    organization_id: id,
  };
}

function runRow(job: number): FrameRow {
  return {
    key: runKey(job),
    job_id: jobId(job),
    run_id: runId(job),
    platform: platformOfJob(job),
    started_at: localDateTime(Date.parse(startedAt(job) ?? '')),
    shift_start: job % 2 === 0 ? '08:00:00' : '20:00:00',
    length: 26 * hour + job * 60_000,
    total_bases: 6_000_000_000_000 + job,
    checksum: firstChecksum + BigInt(job) * 2n,
  };
}

function derivation(sample: number): readonly FrameRow[] {
  const parent = parentOfSample(sample);
  if (parent === null) return [];
  return [
    {
      source_key: sampleId(sample),
      target_key: sampleId(parent),
      method: ['aliquot', 'extraction', 'amplification'][sample % 3] ?? 'aliquot',
      derived_at: localDateTime(epoch - sample * 37 * 60_000),
      yield_ratio: (50 + (sample % 50)) / 100,
    },
  ];
}

function collection(sample: number, mark: Mark): FrameRow {
  return {
    source_key: sampleId(sample),
    target_key: subjectKey(((sample - 1) % subjects) + 1),
    collected_on: localDate(epoch - sample * day),
    site: withMark(['Clinic North', 'Clinic South', 'Field Station'][sample % 3] ?? 'Clinic North', mark),
  };
}

function preparation(sample: number, mark: Mark): FrameRow {
  return {
    source_key: sampleId(sample),
    target_key: libraryKey(sample),
    protocol: withMark(`P-${(sample % 4) + 1}`, mark),
    input_ng: 50 + (sample % 10) * 2.5,
  };
}

function sequencing(sample: number, job: number): FrameRow {
  return { source_key: libraryKey(sample), target_key: runKey(job), lane: (sample % 4) + 1, reads: 40_000_000 + sample * 1_000 };
}

function metricsOfRun(job: number): readonly FrameRow[] {
  return range(4).map((lane) => ({
    run: runKey(job),
    lane,
    q30: (90 + ((job + lane) % 8)) / 100,
    clusters: 2_000_000_000 + job * 1_000 + lane,
    temperature_offset: (job % 5) - 2,
    measured_at: localDateTime(epoch - job * 6 * hour),
  }));
}

/** Times of the graph have no zone. */
function localDateTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19);
}

function localDate(time: number): string {
  return localDateTime(time).slice(0, 10);
}
