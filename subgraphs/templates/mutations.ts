import { ExpectedError } from '#kit/errors.ts';
import { checked, uuid } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import type { Upload } from '#kit/upload.ts';
import { digestOf } from '#kit/upload.ts';
import { NewTemplate, TemplateChanges, TemplateFile } from './bounds.ts';
import type { Template } from './client.ts';
import type { TemplatesContext } from './context.ts';
import { fieldMutations } from './field-mutations.ts';
import { hasAll } from './has-all.ts';
import { mergedMetadata } from './metadata.ts';

type ById = { readonly id: string };
type Creation = { readonly input: unknown; readonly idempotencyKey?: string | null };
type Uploading = Partial<Creation> & { readonly file: Upload };
type Change = ById & { readonly input: unknown };

export const mutations = {
  async createTemplate(_: unknown, { input, idempotencyKey }: Creation, { once, writes, forget }: TemplatesContext) {
    const template = checked(NewTemplate, input);
    return once(idempotencyKey, ['createTemplate', template], () => make(() => writes.create(template)).finally(forget));
  },
  async uploadTemplate(_: unknown, given: Uploading, { once, writes, forget }: TemplatesContext) {
    const file = checked(TemplateFile, given.file, 'file');
    const template = given.input == null ? null : checked(NewTemplate, given.input);
    const upload = (): Promise<Template> => make(() => writes.upload(file, template)).finally(forget);
    if (given.idempotencyKey == null) return upload();
    const fingerprint = ['uploadTemplate', file.filename, file.mimetype, await digestOf(file), template];
    return once(given.idempotencyKey, fingerprint, upload);
  },
  async updateTemplate(_: unknown, { id, input }: Change, context: TemplatesContext) {
    return update(checked(uuid(), id, 'id'), checked(TemplateChanges, input), context);
  },
  async deleteTemplate(_: unknown, { id }: ById, context: TemplatesContext) {
    return remove(checked(uuid(), id, 'id'), context);
  },
  ...fieldMutations,
};

/** Names are not unique, so nothing tells afterwards whether a template that is there is this one. */
const make = (write: () => Promise<Template>): Promise<Template> => writeOnce({ write, isCommitted: async () => false });

async function update(id: string, changes: TemplateChanges, context: TemplatesContext): Promise<Template> {
  const { client, writes, forget } = context;
  const present = await client.content(id);
  if (present === null) throw noTemplate();
  const whole = { ...changes, metadata: mergedMetadata(present.metadata, changes.metadata) };
  const isCommitted = async (): Promise<boolean> => {
    const [template, content] = await Promise.all([client.byId(id), client.content(id)]);
    return hasAll({ ...template, metadata: content?.metadata }, whole);
  };
  return writeOnce({ write: () => writes.update(id, whole), isCommitted }).finally(forget);
}

async function remove(id: string, { client, writes, forget }: TemplatesContext): Promise<true> {
  const isCommitted = async (): Promise<boolean> => (await client.byId(id)) === null;
  await writeOnce({ write: () => writes.remove(id), isCommitted }).finally(forget);
  return true;
}

const noTemplate = (): ExpectedError =>
  new ExpectedError('NOT_FOUND', 'There is no such template.', { extensions: { field: 'id' } });
