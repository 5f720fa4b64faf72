import { randomUUID } from 'node:crypto';
import type { NewTemplate, TemplateChanges } from './bodies.ts';
import type { CountedTemplate, StoredTemplate } from './store.ts';

/** A template on the wire; its metadata is shown by `/templates/{id}/data` alone. */
export type Template = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly template_type: string;
  readonly status: string;
  readonly version: string;
  readonly category: string | null;
  readonly tags: readonly string[];
  readonly is_public: boolean;
  readonly is_system: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by: string;
  readonly updated_by: string | null;
  readonly field_count: number;
  readonly usage_count: number;
};

/** Type, tags and visibility live in metadata; without them a template is a private, untagged form. */
export function wireForm({ metadata, is_active: _active, ...template }: CountedTemplate): Template {
  const { template_type: type, tags, is_public: isPublic } = metadata;
  return {
    id: template.id,
    name: template.name,
    description: template.description,
    template_type: typeof type === 'string' ? type : 'form',
    status: template.status,
    version: template.version,
    category: template.category,
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    is_public: isPublic === true,
    is_system: template.is_system,
    created_at: template.created_at,
    updated_at: template.updated_at,
    created_by: template.created_by,
    updated_by: template.updated_by,
    field_count: template.field_count,
    usage_count: 0,
  };
}

export function newTemplate(fields: NewTemplate, now: Date): CountedTemplate {
  return {
    id: randomUUID(),
    name: fields.name,
    description: fields.description ?? null,
    status: 'Draft',
    version: '1.0',
    category: fields.category ?? 'general',
    metadata: {
      ...fields.metadata,
      template_type: fields.template_type,
      tags: fields.tags ?? [],
      is_public: fields.is_public ?? false,
    },
    is_system: false,
    is_active: true,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
    created_by: 'system',
    updated_by: null,
    field_count: 0,
  };
}

/** A call without metadata empties it, and with it the type, the tags and the visibility (contract section 1.4). */
export function changedTemplate(template: StoredTemplate, changes: TemplateChanges, now: Date): StoredTemplate {
  return {
    ...template,
    name: changes.name ?? template.name,
    description: changes.description ?? template.description,
    category: changes.category ?? template.category,
    metadata: changes.metadata ?? {},
    updated_at: now.toISOString(),
    updated_by: 'system',
  };
}
