import { refusal } from '#kit/refusal.ts';
import type { Step } from '#kit/tracing.ts';
import { traced } from '#kit/tracing.ts';
import type { Admission, Gate } from './request.ts';

/** Walks the gates in the order of pipeline.ts, and throws what Apollo Server refuses an operation with. */
export const admission =
  (gates: readonly Gate[]) =>
  async (asked: Admission): Promise<void> => {
    const { context, operation } = asked;
    const { name, operation: kind } = operation;
    context.outcome.operation = { kind, ...(name !== undefined && { name: name.value }) };
    await traced(admissionStep(asked), () => pass(gates, asked)).catch((error: unknown) => {
      throw refusal(error);
    });
  };

const admissionStep = ({ operation: { operation, name } }: Admission): Step => ({
  kind: 'admission',
  name: 'admission',
  attributes: { 'graphql.operation.type': operation, ...(name && { 'graphql.operation.name': name.value }) },
});

async function pass(gates: readonly Gate[], admission: Admission): Promise<void> {
  for (const gate of gates) {
    const passing = gate(admission);
    if (passing !== undefined) await passing;
  }
}
