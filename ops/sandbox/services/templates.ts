import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import { installConventions } from '#ops/sandbox/failure.ts';
import { parseBody } from '#ops/sandbox/parse.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { CreateBody, UpdateBody } from './templates/bodies.ts';
import { fieldRoutes } from './templates/fields.ts';
import { requestedTemplate } from './templates/requested.ts';
import type { TemplateStore } from './templates/store.ts';
import { openTemplateStore } from './templates/store.ts';
import { changedTemplate, newTemplate, wireForm } from './templates/template.ts';
import { uploadRoute } from './templates/upload.ts';

/** The template service of contract section 1.4, under `/templates`. Its errors are a status and nothing else. */
export const templatesService: SandboxService = {
  name: 'templates',
  port: 8083,
  open: async ({ clock }) => {
    const store = openTemplateStore();
    return {
      routes: (app) => {
        installConventions(app, { clock, textRejections: true, formatError: () => undefined });
        readRoutes(app, store);
        writeRoutes(app, store, clock);
        fieldRoutes(app, store);
        uploadRoute(app, store, clock);
        placeholderRoutes(app, store);
        healthRoutes(app);
      },
      [Symbol.asyncDispose]: async () => store[Symbol.dispose](),
    };
  },
};

const listLimit = 50;

/** The list holds the newest fifty and reads no query. */
function readRoutes(app: FastifyInstance, store: TemplateStore): void {
  app.get('/templates', async () => {
    const total = store.count();
    return {
      success: true,
      data: store.newest(listLimit).map(wireForm),
      pagination: { total_count: total, page: 1, page_size: listLimit, total_pages: Math.ceil(total / listLimit) },
    };
  });
  app.get('/templates/:id', async (request) => ({ success: true, template: wireForm(requestedTemplate(store, request)) }));
  app.get('/templates/:id/data', async (request) => {
    const template = requestedTemplate(store, request);
    const sheets = store.sheets(template.id);
    return {
      template: { ...wireForm(template), metadata: template.metadata },
      data: { sheet_names: sheets.map(({ name }) => name), sheets },
    };
  });
}

function writeRoutes(app: FastifyInstance, store: TemplateStore, clock: Clock): void {
  const now = () => new Date(clock.now());
  app.post('/templates', async (request) => {
    const template = newTemplate(parseBody(CreateBody, request), now());
    store.save(template);
    return { success: true, template: wireForm(template), message: 'Template created successfully' };
  });
  app.put('/templates/:id', async (request) => {
    const template = requestedTemplate(store, request);
    const changed = changedTemplate(template, parseBody(UpdateBody, request), now());
    store.save(changed);
    const answered = wireForm({ ...changed, field_count: template.field_count });
    return { success: true, template: answered, message: 'Template updated successfully' };
  });
  app.delete('/templates/:id', async (request) => {
    store.save({ ...requestedTemplate(store, request), is_active: false });
    return { success: true, message: 'Template deleted successfully' };
  });
}

/** The real service answers these four with a sentence and does nothing. */
function placeholderRoutes(app: FastifyInstance, store: TemplateStore): void {
  const placeholders = { clone: 'post', download: 'get', export: 'get' } as const;
  for (const [action, method] of Object.entries(placeholders)) {
    app[method](`/templates/:id/${action}`, async (request) => {
      requestedTemplate(store, request);
      return { message: `Template ${action} is not implemented` };
    });
  }
  app.post('/templates/import', async () => ({ message: 'Template import is not implemented' }));
}

function healthRoutes(app: FastifyInstance): void {
  app.get('/health', async () => ({ status: 'healthy', service: 'template_service' }));
  app.get('/health/ready', async () => ({ status: 'ready', service: 'template_service' }));
  app.get('/health/metrics', async () => ({ metrics: {} }));
}
