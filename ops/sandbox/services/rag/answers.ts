export type Answer = { readonly answer: string; readonly sources: readonly Source[] };

type Source = { readonly title: string; readonly relevance: number };

type Topic = { readonly words: RegExp; readonly answer: string; readonly title: string };

const topics: readonly Topic[] = [
  {
    words: /stor(e|age|ing)|freez|temperature/i,
    answer: 'DNA and RNA are stored at -80C; extracts in use may stay at 4C for a week.',
    title: 'Storage guidelines',
  },
  {
    words: /sequenc|library|run/i,
    answer: 'A sequencing job needs a sample sheet and samples that are stored and validated.',
    title: 'Sequencing handbook',
  },
  {
    words: /submi|document|form/i,
    answer: 'Send the intake form as a text file; the sample id, type and submitter are read from it.',
    title: 'Submission guide',
  },
  {
    words: /quality|valid|qc/i,
    answer: 'A sample is fit for sequencing with a quality score of 0.7 or more.',
    title: 'Quality control protocol',
  },
];

const general: Answer = {
  answer: 'The laboratory takes in, stores, prepares and sequences biological samples. Ask about one of these steps.',
  sources: [{ title: 'Laboratory manual', relevance: 0.5 }],
};

/** The service knows a few sentences by heart; the first topic the question touches wins. */
export function answerTo(question: string): Answer {
  const [best, ...others] = topics.filter(({ words }) => words.test(question));
  if (!best) return general;
  return {
    answer: best.answer,
    sources: [{ title: best.title, relevance: 0.9 }, ...others.map(({ title }) => ({ title, relevance: 0.6 }))],
  };
}
