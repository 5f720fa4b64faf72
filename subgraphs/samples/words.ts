import { wordFrom } from '#kit/words.ts';

/*
 * Our words and the sample service's. The service writes enums as its code names them; older generations of it write
 * states in snake_case and types in lower case, which is read as well (contract sections 0.2 and 1.2).
 */
export const sampleStatuses = {
  PENDING: 'Pending',
  VALIDATED: 'Validated',
  IN_STORAGE: 'InStorage',
  IN_SEQUENCING: 'InSequencing',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  DISCARDED: 'Discarded',
  REJECTED: 'Rejected',
  ARCHIVED: 'Archived',
  DELETED: 'Deleted',
} as const;

export const sampleTypes = {
  DNA: 'DNA',
  RNA: 'RNA',
  PROTEIN: 'Protein',
  CELL_CULTURE: 'Cell Culture',
  TISSUE: 'Tissue',
  BLOOD: 'Blood',
  SERUM: 'Serum',
  PLASMA: 'Plasma',
  URINE: 'Urine',
  SALIVA: 'Saliva',
  SWAB: 'Swab',
  ENVIRONMENTAL: 'Environmental',
  OTHER: 'Other',
} as const;

export type SampleStatus = keyof typeof sampleStatuses;
export type SampleType = keyof typeof sampleTypes;

export const SampleStatusWord = wordFrom(sampleStatuses);
export const SampleTypeWord = wordFrom(sampleTypes);
