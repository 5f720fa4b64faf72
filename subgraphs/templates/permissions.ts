import type { Permissions } from '#kit/shield.ts';
import { may } from '#kit/shield.ts';

const read = may('templates:read');
const write = may('templates:write');
const remove = may('templates:delete');

export const permissions: Permissions = {
  Query: { _entities: read, template: read, templates: read },
  Mutation: {
    createTemplate: write,
    uploadTemplate: write,
    updateTemplate: write,
    deleteTemplate: remove,
    addTemplateField: write,
    updateTemplateField: write,
    deleteTemplateField: write,
  },
};
