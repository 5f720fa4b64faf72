import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export type Process = AsyncDisposable & { readonly pid: number; readonly ready: string };

/** Starts `node …` and waits for the first line of its output that `isReady` accepts. */
export async function run(
  args: readonly string[],
  env: Record<string, string>,
  isReady = (line: string) => line.startsWith('{'),
): Promise<Process> {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (child.stdout === null || child.pid === undefined) throw new Error(`node ${args.join(' ')} did not start.`);
  for await (const line of createInterface(child.stdout)) {
    if (!isReady(line)) continue;
    child.stdout.resume();
    return { pid: child.pid, ready: line, [Symbol.asyncDispose]: () => stop(child) };
  }
  throw new Error(`node ${args.join(' ')} ended before it was ready.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const ticksPerSecond = 100;

/** CPU seconds that a process has used so far, user and system (proc(5), stat fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory in MB. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return Number(kilobytes) / 1024;
}
