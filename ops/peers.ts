import cluster from 'node:cluster';
import type { Answer, Answers, Question, Topic } from './commands.ts';
import { isTopic } from './commands.ts';

/** The processes that serve one port together, this one among them. */
export type Peers = {
  /**
   * What every one of them answers that serves; one that does not within two seconds is left out.
   * @throws Error when the process above them does not pass it on
   */
  readonly ask: (topic: Topic, about?: unknown) => Promise<readonly unknown[]>;
  /** How this process answers. */
  readonly answer: (topic: Topic, reply: (about: unknown) => unknown) => void;
};

/** Longer than the process above waits for all of them. */
const patienceMs = 3_000;

/** Undefined in a process that serves its port alone. */
export function openPeers(): Peers | undefined {
  if (!cluster.isWorker) return undefined;
  const replies = new Map<Topic, (about: unknown) => unknown>();
  const waiting = new Map<string, (values: readonly unknown[]) => void>();
  const reply = async ({ question, id, about }: Question): Promise<void> => {
    const answered = await Promise.resolve(replies.get(question)?.(about)).then(
      (value) => ({ answer: id, value }),
      () => ({ answer: id }),
    );
    send(answered);
  };
  process.on('message', (message: unknown) => {
    if (isQuestion(message)) void reply(message);
    else if (isAnswers(message)) waiting.get(message.answers)?.(message.values);
  });
  return {
    answer: (topic, run) => void replies.set(topic, run),
    async ask(topic, about) {
      const id = crypto.randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
      const timer = setTimeout(() => reject(new Error('The other processes of this port did not answer.')), patienceMs);
      waiting.set(id, resolve);
      send({ question: topic, id, about });
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}

function send(message: Question | Answer): void {
  if (process.connected) process.send?.(message);
}

const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'question' in message && isTopic(message.question);

const isAnswers = (message: unknown): message is Answers =>
  typeof message === 'object' && message !== null && 'answers' in message;
