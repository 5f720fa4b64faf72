import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';

/** How full the machine is, each in per cent. */
export type SystemLoad = { readonly cpu: number; readonly memory: number; readonly disk: number };

type Options = {
  /** How often it is measured. */
  readonly everyMs: number;
  /** A folder on the disk that counts. */
  readonly folder: string;
};

/** Measures the machine now and then; whoever asks is told the last measurement. */
export async function systemLoad({ everyMs, folder }: Options): Promise<Disposable & { readonly now: () => SystemLoad }> {
  let before = processorTimes();
  const measure = async (): Promise<SystemLoad> => {
    const after = processorTimes();
    const elapsed = after.all - before.all;
    const cpu = elapsed === 0 ? 0 : 100 * (1 - (after.idle - before.idle) / elapsed);
    before = after;
    return { cpu: rounded(cpu), memory: rounded(100 * (1 - freemem() / totalmem())), disk: rounded(await diskUse(folder)) };
  };
  let last = await measure();
  const timer = setInterval(async () => {
    last = await measure();
  }, everyMs).unref();
  return { now: () => last, [Symbol.dispose]: () => clearInterval(timer) };
}

const rounded = (percent: number): number => Math.round(percent * 10) / 10;

/** 0 where the system does not tell. */
const diskUse = (folder: string): Promise<number> =>
  statfs(folder).then(
    ({ blocks, bavail }) => (blocks === 0 ? 0 : 100 * (1 - bavail / blocks)),
    () => 0,
  );

function processorTimes() {
  const times = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({ idle, all: user + nice + sys + idle + irq }));
  return times.reduce((sum, one) => ({ idle: sum.idle + one.idle, all: sum.all + one.all }), { idle: 0, all: 0 });
}
