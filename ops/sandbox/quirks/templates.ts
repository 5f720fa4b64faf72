import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Body, QuirkParts } from './quirk.ts';
import { after, everyObject, isRecord } from './quirk.ts';

/** Fields are never counted; a create answers its own version and category, the database gives others later (section 1.4). */
export function templateQuirks(app: FastifyInstance, parts: QuirkParts): void {
  everyObject(app, parts, (object) => ('field_count' in object ? { ...object, field_count: 0, version: '1' } : object));
  after(app, parts, {
    'POST /templates': (body, request) => withTemplate(body, { version: '1.0', category: askedCategory(request) }),
    'POST /templates/upload': (body) => withTemplate(body, { version: '1.0' }),
  });
}

function withTemplate(body: Body, changes: Body): Body {
  return isRecord(body['template']) ? { ...body, template: { ...body['template'], ...changes } } : body;
}

function askedCategory({ body }: FastifyRequest): unknown {
  const asked: unknown = JSON.parse(String(body));
  return isRecord(asked) ? (asked['category'] ?? null) : null;
}
