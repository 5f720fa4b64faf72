import cluster from 'node:cluster';
import { isatty } from 'node:tty';

/** What the processes of one port tell each other to do. */
const commands = ['stop', 'drain', 'undrain', 'reload'] as const;
export type Command = (typeof commands)[number];

/** Where there is a terminal, SIGHUP says that it was closed; elsewhere it asks a process to read its files again. */
export const hasTerminal = isatty(0);

/** What the processes of one port ask each other; the one above them passes it on. */
const topics = ['metrics', 'status', 'log-level', 'reload', 'raised'] as const;
export type Topic = (typeof topics)[number];
export const isTopic = (value: unknown): value is Topic => topics.some((topic) => topic === value);

export type Question = { readonly question: Topic; readonly id: string; readonly about?: unknown };
/** What one of them answers; without a value when it could not. */
export type Answer = { readonly answer: string; readonly value?: unknown };
/** What all of them answered, for the one that asked. */
export type Answers = { readonly answers: string; readonly values: readonly unknown[] };

/** What a worker tells the process above it: what all others are to do, or what a person may read once it serves. */
export type WorkerMessage = { readonly command: Command } | { readonly serving: string } | Question | Answer;

const isCommand = (value: unknown): value is { readonly command: Command } =>
  typeof value === 'object' && value !== null && 'command' in value && commands.some((known) => known === value.command);

/** Hears commands of the process above, where there is one. */
export function onCommand(hear: (command: Command) => void): void {
  if (!cluster.isWorker) return;
  process.on('message', (message: unknown) => {
    if (isCommand(message)) hear(message.command);
  });
}

/** Has every other worker do the same. */
export const tellPrimary = (command: Command): void => send({ command });

/** Tells that this process serves: with workers the process above prints it, once for all. */
export function tellServing(text: string): void {
  if (cluster.isWorker) send({ serving: text });
  else process.stdout.write(text);
}

function send(message: WorkerMessage): void {
  if (cluster.isWorker && process.connected) process.send?.(message);
}
