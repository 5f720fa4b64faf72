import { parentPort, workerData } from 'node:worker_threads';
import type { PlanningGround, PlanningTask } from '#kit/plan-maker.ts';
import { planMaker } from '#kit/plan-maker.ts';

/** What the worker says: `ready` once, then one answer for each task. A plan travels as JSON, of which the length is known. */
export type PlanningAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'plan'; readonly json: string }
  | { readonly kind: 'failed'; readonly message: string };

const makePlan = planMaker(workerData as PlanningGround);
const say = (answer: PlanningAnswer): void => parentPort?.postMessage(answer);

parentPort?.on('message', (task: PlanningTask) => {
  try {
    say({ kind: 'plan', json: JSON.stringify(makePlan(task)) });
  } catch (error) {
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
say({ kind: 'ready' });
