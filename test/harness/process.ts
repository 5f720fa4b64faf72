import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { givenExecutor } from './given-executor.ts';

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type ProcessUnderTest = AsyncDisposable & {
  readonly pid: number;
  /** Resolves with all of standard output once it contains the text; rejects when the process ends before. */
  readonly printed: (text: string) => Promise<string>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
};

const root = resolve(import.meta.dirname, '..', '..');

/** Runs a program of this repository with nothing but the given environment and the PATH. */
export function runProgram(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ProcessUnderTest {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ADMIN_PORT: '0', ...givenExecutor(), ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, stdout, stderr }));
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    printed: (text) =>
      new Promise((found, failed) => {
        const look = (): void => {
          if (stdout.includes(text)) found(stdout);
        };
        child.stdout.on('data', look);
        look();
        ended.then(() => failed(new Error(`It ended without printing "${text}":\n${stdout}${stderr}`)), failed);
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
