import type { Worker } from 'node:cluster';
import type { Answer, Answers, Question, Topic } from './commands.ts';

/** Makes one value of what the workers answer, by their numbers. */
export type Digests = { readonly [Name in Topic]?: (values: ReadonlyMap<number, unknown>) => Promise<unknown> };

type Asked = Question & { readonly asker: Worker; readonly left: Set<number>; readonly values: Map<number, unknown> };

/** A worker that is this late is busy with something else, and answers next time. */
const waitMs = 2_000;

/** Told again to workers that come later: the last word on these. */
const lasting: ReadonlySet<Topic> = new Set(['log-level']);

/** Passes what one worker asks on to all that serve, the one that asks included, and what they answer back. */
export function relay(digests: Digests) {
  const serving = new Map<number, Worker>();
  const open = new Map<string, Asked>();
  const lastWords = new Map<Topic, Question>();
  const finish = async ({ id, question, asker, values }: Asked): Promise<void> => {
    if (!open.delete(id)) return;
    const digest = digests[question];
    const all = digest === undefined ? [...values.values()] : [await digest(values)];
    sendTo(asker, { answers: id, values: all });
  };
  const settle = (asked: Asked, worker: number): void => {
    asked.left.delete(worker);
    if (asked.left.size === 0) void finish(asked);
  };
  return {
    serves(worker: Worker): void {
      serving.set(worker.id, worker);
      for (const question of lastWords.values()) sendTo(worker, question);
    },
    gone(worker: Worker): void {
      serving.delete(worker.id);
      for (const asked of open.values()) settle(asked, worker.id);
    },
    pass(question: Question, asker: Worker): void {
      const asked: Asked = { ...question, asker, left: new Set(serving.keys()), values: new Map() };
      open.set(question.id, asked);
      if (lasting.has(question.question)) lastWords.set(question.question, question);
      setTimeout(() => void finish(asked), waitMs).unref();
      for (const worker of serving.values()) sendTo(worker, question);
      if (asked.left.size === 0) void finish(asked);
    },
    hear(answer: Answer, worker: Worker): void {
      const asked = open.get(answer.answer);
      if (asked === undefined) return;
      if ('value' in answer) asked.values.set(worker.id, answer.value);
      settle(asked, worker.id);
    },
  };
}

function sendTo(worker: Worker, message: Question | Answers): void {
  if (worker.isConnected()) worker.send(message);
}
