import { ExpectedError } from '#kit/errors.ts';
import { checked, uuid } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import { FieldChanges, NewField } from './bounds.ts';
import type { TemplateField } from './client.ts';
import type { TemplatesContext } from './context.ts';
import { hasAll } from './has-all.ts';
import type { FieldPlace } from './writes.ts';

type Addition = { readonly templateId: string; readonly input: unknown; readonly idempotencyKey?: string | null };
type Change = FieldPlace & { readonly input: unknown };

export const fieldMutations = {
  async addTemplateField(_: unknown, { templateId: given, input, idempotencyKey }: Addition, context: TemplatesContext) {
    const templateId = checked(uuid(), given, 'templateId');
    const field = checked(NewField, input);
    return context.once(idempotencyKey, ['addTemplateField', templateId, field], () => add(templateId, field, context));
  },
  async updateTemplateField(_: unknown, { input, ...given }: Change, context: TemplatesContext) {
    return update(checkedPlace(given), checked(FieldChanges, input), context);
  },
  async deleteTemplateField(_: unknown, given: FieldPlace, context: TemplatesContext) {
    return remove(checkedPlace(given), context);
  },
};

const checkedPlace = ({ templateId, fieldId }: FieldPlace): FieldPlace => ({
  templateId: checked(uuid(), templateId, 'templateId'),
  fieldId: checked(uuid(), fieldId, 'fieldId'),
});

async function add(templateId: string, field: NewField, context: TemplatesContext): Promise<TemplateField> {
  requireFreeName(await fieldsOf(templateId, context), field.fieldName);
  const { writes, forget } = context;
  return writeOnce({
    write: () => writes.addField(templateId, field),
    isCommitted: async () => (await fieldsOf(templateId, context)).some((present) => hasAll(present, field)),
  }).finally(forget);
}

async function update(place: FieldPlace, changes: FieldChanges, context: TemplatesContext): Promise<TemplateField> {
  const { templateId, fieldId } = place;
  const fields = await fieldsOf(templateId, context);
  if (!fields.some(({ id }) => id === fieldId)) throw missing('fieldId');
  const others = fields.filter(({ id }) => id !== fieldId);
  requireFreeName(others, changes.fieldName);
  const { writes, forget } = context;
  return writeOnce({
    write: () => writes.updateField(place, changes),
    isCommitted: async () =>
      (await fieldsOf(templateId, context)).some((present) => present.id === fieldId && hasAll(present, changes)),
  }).finally(forget);
}

async function remove(place: FieldPlace, context: TemplatesContext): Promise<true> {
  const { writes, forget } = context;
  await writeOnce({
    write: () => writes.removeField(place),
    isCommitted: async () => (await fieldsOf(place.templateId, context)).every(({ id }) => id !== place.fieldId),
  }).finally(forget);
  return true;
}

/** A fresh read, past the loaders. */
async function fieldsOf(templateId: string, { client }: TemplatesContext): Promise<readonly TemplateField[]> {
  const fields = await client.fields(templateId);
  if (fields === null) throw missing('templateId');
  return fields;
}

/** The service itself answers a name that is taken like a breakdown (contract section 1.4). */
function requireFreeName(fields: readonly TemplateField[], name: string | null | undefined): void {
  if (!fields.some(({ fieldName }) => fieldName === name)) return;
  const extensions = { field: 'input.fieldName' };
  throw new ExpectedError('BAD_USER_INPUT', 'input.fieldName: is already used in this template.', { extensions });
}

const missing = (field: 'templateId' | 'fieldId'): ExpectedError =>
  new ExpectedError('NOT_FOUND', field === 'fieldId' ? 'The template has no such field.' : 'There is no such template.', {
    extensions: { field },
  });
