import type { Extraction } from '#ops/sandbox/data/submissions.ts';

export type Reading = {
  readonly extraction: Extraction;
  /** 0–1: how many of the six facts the text gave. */
  readonly confidence: number;
};

const patterns = {
  submitter_name: /^\s*(?:submitter|submitted by)(?:\s+name)?\s*[:=]\s*(.+?)\s*$/im,
  submitter_email: /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/,
  sample_id: /^\s*(?:sample\s*(?:id|name)|barcode)\s*[:=]\s*([\w-]+)/im,
  sample_type: /^\s*(?:sample\s*)?type\s*[:=]\s*([a-z][a-z ]*?)\s*$/im,
  concentration: /concentration\s*[:=]\s*([\d.]+\s*[a-zµμ]+\/[a-zµμ]+)/i,
  volume: /volume\s*[:=]\s*([\d.]+\s*[a-zµμ]+)/i,
} as const;

const administrative = ['submitter_name', 'submitter_email'] as const;
const sample = ['sample_id', 'sample_type', 'concentration', 'volume'] as const;

/** Reads labelled lines such as `Sample ID: ABC-12345`. What the text does not say is left out. */
export function extract(text: string): Reading {
  const extraction = { administrative: found(text, administrative), sample: found(text, sample), sequencing: {}, storage: {} };
  const facts = Object.keys({ ...extraction.administrative, ...extraction.sample }).length;
  return { extraction, confidence: Math.round((facts / Object.keys(patterns).length) * 100) / 100 };
}

function found<Name extends keyof typeof patterns>(text: string, names: readonly Name[]): { readonly [Key in Name]?: string } {
  const entries = names.flatMap((name) => {
    const value = patterns[name].exec(text)?.[1];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries) as { [Key in Name]?: string };
}
