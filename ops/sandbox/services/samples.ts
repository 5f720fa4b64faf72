import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Sample } from '#ops/sandbox/data/samples.ts';
import type { Conventions } from '#ops/sandbox/failure.ts';
import { installConventions, ServiceFailure } from '#ops/sandbox/failure.ts';
import { parseBody, parseQuery, textParam, uuidParam } from '#ops/sandbox/parse.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { batchRoutes } from './samples/batch.ts';
import type { SampleChanges } from './samples/bodies.ts';
import { CreateBody, ListQuery, StatusBody, UpdateBody } from './samples/bodies.ts';
import { createSample, duplicateBarcode } from './samples/create.ts';
import { healthRoutes } from './samples/health.ts';
import { requireDeletable, requireTransition, requireValidFields } from './samples/rules.ts';
import type { SampleStore } from './samples/store.ts';
import { openSampleStore } from './samples/store.ts';
import { validationOf } from './samples/validation.ts';

/** The sample service of contract section 1.2, under `/samples`. It asks nobody for a token. */
export const samplesService: SandboxService = {
  name: 'samples',
  port: 8081,
  open: async ({ clock, ownerOf }) => {
    const store = openSampleStore(ownerOf);
    return {
      routes: (app) => {
        installConventions(app, conventions(clock));
        readRoutes(app, store);
        writeRoutes(app, store, clock);
        batchRoutes(app, store, clock);
        healthRoutes(app, store, clock);
      },
      [Symbol.asyncDispose]: async () => store[Symbol.dispose](),
    };
  },
};

const conventions = (clock: Clock): Conventions => ({
  clock,
  textRejections: true,
  formatError: ({ code, message }, now) => ({
    error: code,
    message,
    details: null,
    timestamp: now.toISOString(),
    request_id: null,
  }),
});

/** Deleted samples are found and listed like the others. */
function readRoutes(app: FastifyInstance, store: SampleStore): void {
  app.get('/samples', async (request) => ({ success: true, data: store.list(parseQuery(ListQuery, request)) }));
  app.get('/samples/:id', async (request) => ({ success: true, data: requested(store, request) }));
  app.get('/samples/barcode/:barcode', async (request) => {
    const sample = store.findByBarcode(textParam(request, 'barcode'));
    if (!sample) throw new ServiceFailure(404, 'Barcode not found', { code: 'barcode_not_found' });
    return { success: true, data: sample };
  });
}

function writeRoutes(app: FastifyInstance, store: SampleStore, clock: Clock): void {
  const now = () => new Date(clock.now());
  const change = (sample: Sample, changes: Partial<Sample>): Sample => {
    const changed = { ...sample, ...changes, updated_at: now().toISOString(), updated_by: 'user' };
    store.replace(changed);
    return changed;
  };
  app.post('/samples', async (request) => {
    const fields = parseBody(CreateBody, request);
    requireValidFields(fields);
    return { success: true, data: createSample(store, fields, now()), message: 'Sample created successfully' };
  });
  app.put('/samples/:id', async (request) => {
    const fields = parseBody(UpdateBody, request);
    const sample = requested(store, request);
    requireValidFields(fields);
    requireOwnBarcode(store, sample, fields);
    return { success: true, data: change(sample, given(fields)), message: 'Sample updated successfully' };
  });
  app.put('/samples/:id/status', async (request) => {
    const { new_status: status } = parseBody(StatusBody, request);
    const sample = requested(store, request);
    requireTransition(sample.status, status);
    return { success: true, data: change(sample, { status }), message: 'Sample status updated successfully' };
  });
  app.post('/samples/:id/validate', async (request) => {
    const sample = requested(store, request);
    const data = validationOf({ id: sample.id, sample }, now());
    return { success: data.is_valid, data, message: data.is_valid ? 'Sample is valid' : 'Sample is not valid' };
  });
  app.delete('/samples/:id', async (request) => {
    const sample = requested(store, request);
    requireDeletable(sample);
    change(sample, { status: 'Deleted' });
    return { success: true, message: 'Sample deleted successfully' };
  });
}

function requested(store: SampleStore, request: FastifyRequest): Sample {
  const sample = store.find(uuidParam(request, 'id'));
  if (!sample) throw new ServiceFailure(404, 'Sample not found', { code: 'sample_not_found' });
  return sample;
}

function requireOwnBarcode(store: SampleStore, sample: Sample, { barcode }: SampleChanges): void {
  if (barcode === undefined || barcode === null) return;
  const owner = store.findByBarcode(barcode);
  if (owner && owner.id !== sample.id) throw duplicateBarcode();
}

/** The fields that are neither absent nor null. */
function given(changes: SampleChanges): Partial<Sample> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null && value !== undefined));
}
