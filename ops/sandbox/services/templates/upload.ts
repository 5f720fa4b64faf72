import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#kit/clock.ts';
import type { Sheet } from '#ops/sandbox/data/templates.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';
import type { NewTemplate } from './bodies.ts';
import { CreateBody } from './bodies.ts';
import { sheetFromCsv } from './csv.ts';
import type { TemplateStore } from './store.ts';
import { newTemplate, wireForm } from './template.ts';

const maxFileBytes = 2 * 1024 * 1024;

const templateTypes: Readonly<Record<string, string>> = {
  xlsx: 'spreadsheet',
  xls: 'spreadsheet',
  csv: 'csv',
  doc: 'document',
  docx: 'document',
  txt: 'document',
  pdf: 'pdf',
};

type UploadedFile = { readonly fileName: string; readonly content: Buffer };

/** `form` is the optional JSON text beside the file. */
type Upload = UploadedFile & { readonly form: string | undefined };

/** A file becomes a template; of a CSV file the rows are kept, of other kinds only what they are. */
export function uploadRoute(app: FastifyInstance, store: TemplateStore, clock: Clock): void {
  app.register(multipart, { limits: { files: 1, fileSize: maxFileBytes } });
  app.post('/templates/upload', async (request) => {
    const upload = await readUpload(request);
    const template = newTemplate(described(upload), new Date(clock.now()));
    store.save(template);
    store.saveSheets(template.id, sheetsOf(upload));
    return { success: true, template: wireForm(template), message: 'Template uploaded successfully' };
  });
}

async function readUpload(request: FastifyRequest): Promise<Upload> {
  try {
    if (!request.isMultipart()) throw new Error('not multipart');
    let file: UploadedFile | undefined;
    let form: string | undefined;
    for await (const part of request.parts()) {
      if (part.type === 'file') file = { fileName: part.filename, content: await part.toBuffer() };
      else if (part.fieldname === 'template') form = String(part.value);
    }
    if (!file) throw new Error('no file');
    return { ...file, form };
  } catch (cause) {
    // Whatever is wrong with the form, the answer is a bare 400.
    throw new ServiceFailure(400, `Unreadable upload: ${String(cause)}`);
  }
}

const Form = z.preprocess((text) => JSON.parse(String(text)), CreateBody.partial());

/** What the form says about the template; the file name says the rest. */
function described({ fileName, form }: Upload): NewTemplate {
  const { name, extension } = split(fileName);
  const type = templateTypes[extension] ?? 'other';
  if (form === undefined) return { name, template_type: type };
  try {
    const { name: given = name, template_type: givenType = type, ...others } = Form.parse(form);
    return { ...others, name: given, template_type: givenType };
  } catch (cause) {
    throw new ServiceFailure(400, `Unreadable template description: ${String(cause)}`);
  }
}

function sheetsOf({ fileName, content }: UploadedFile): readonly Sheet[] {
  const { name, extension } = split(fileName);
  return extension === 'csv' ? [sheetFromCsv(name, content.toString('utf8'))] : [];
}

function split(fileName: string): { readonly name: string; readonly extension: string } {
  const dot = fileName.lastIndexOf('.');
  if (dot <= 0) return { name: fileName, extension: '' };
  return { name: fileName.slice(0, dot), extension: fileName.slice(dot + 1).toLowerCase() };
}
