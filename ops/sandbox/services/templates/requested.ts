import type { FastifyRequest } from 'fastify';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import { isUuid, textParam } from '#ops/sandbox/parse.ts';
import type { CountedTemplate, TemplateField, TemplateStore } from './store.ts';

/** The template a path names. This service reads ids itself, so a bad one has an empty body too. */
export function requestedTemplate(store: TemplateStore, request: FastifyRequest): CountedTemplate {
  const template = store.find(idParam(request, 'id'));
  if (!template) throw new ServiceFailure(404, 'Template not found');
  return template;
}

export function requestedField(store: TemplateStore, request: FastifyRequest): TemplateField {
  const field = store.findField(requestedTemplate(store, request).id, idParam(request, 'field'));
  if (!field) throw new ServiceFailure(404, 'Field not found');
  return field;
}

function idParam(request: FastifyRequest, name: string): string {
  const value = textParam(request, name);
  if (!isUuid(value)) throw new ServiceFailure(400, `${value} is not a UUID`);
  return value.toLowerCase();
}
