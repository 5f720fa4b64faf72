import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { withoutNulls } from '#ops/sandbox/data/table.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { NewField } from './bodies.ts';
import { CreateFieldBody, UpdateFieldBody } from './bodies.ts';
import { requestedField, requestedTemplate } from './requested.ts';
import type { TemplateField, TemplateStore } from './store.ts';

export function fieldRoutes(app: FastifyInstance, store: TemplateStore): void {
  app.get('/templates/:id/fields', async (request) => {
    const fields = store.fields(requestedTemplate(store, request).id);
    return { success: true, fields, count: fields.length };
  });
  app.get('/templates/:id/fields/:field', async (request) => ({ success: true, field: requestedField(store, request) }));
  app.post('/templates/:id/fields', async (request) => {
    const { id } = requestedTemplate(store, request);
    const field = newField(id, parseBody(CreateFieldBody, request), store.fields(id).length + 1);
    saveUnique(store, field);
    return { success: true, field, message: 'Field created successfully' };
  });
  app.put('/templates/:id/fields/:field', async (request) => {
    const field = { ...requestedField(store, request), ...withoutNulls(parseBody(UpdateFieldBody, request)) };
    saveUnique(store, field);
    return { success: true, field, message: 'Field updated successfully' };
  });
  app.delete('/templates/:id/fields/:field', async (request) => {
    store.removeField(requestedField(store, request));
    return { success: true, message: 'Field deleted successfully' };
  });
}

function newField(template: string, fields: NewField, nextOrder: number): TemplateField {
  return {
    id: randomUUID(),
    template_id: template,
    field_name: fields.field_name,
    field_type: fields.field_type,
    field_label: fields.field_label,
    field_description: fields.field_description ?? null,
    is_required: fields.is_required ?? false,
    field_order: fields.field_order ?? nextOrder,
    validation_rules: fields.validation_rules ?? {},
    default_value: fields.default_value ?? null,
    field_options: fields.field_options ?? [],
    field_metadata: fields.field_metadata ?? {},
  };
}

/** A name taken by another field of the template is a 500, by contract. */
function saveUnique(store: TemplateStore, field: TemplateField): void {
  const isTaken = store
    .fields(field.template_id)
    .some(({ id, field_name: name }) => name === field.field_name && id !== field.id);
  if (isTaken) throw new ServiceFailure(500, `The template has a field ${field.field_name} already`);
  store.saveField(field);
}
