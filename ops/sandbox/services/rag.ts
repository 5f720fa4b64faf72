import type { FastifyInstance } from 'fastify';
import type { Clock } from '#kit/clock.ts';
import type { Submission, SubmissionStatus } from '#ops/sandbox/data/submissions.ts';
import { installConventions, ServiceFailure } from '#ops/sandbox/failure.ts';
import { textParam } from '#ops/sandbox/parse.ts';
import type { SandboxService } from '#ops/sandbox/service.ts';
import { answerTo } from './rag/answers.ts';
import { processRoutes } from './rag/process.ts';
import { parseQuestion } from './rag/question.ts';
import type { SubmissionStore } from './rag/store.ts';
import { openSubmissionStore } from './rag/store.ts';

/** The document intake of contract section 1.6. It is the one Python service: JSON errors, and health only under `/api/v1`. */
export const ragService: SandboxService = {
  name: 'rag',
  port: 8086,
  open: async ({ clock, ownerOf }) => {
    const store = openSubmissionStore(ownerOf);
    return {
      routes: (app) => {
        installConventions(app, {
          clock,
          textRejections: false,
          formatError: ({ detail, message }) => ({ detail: detail ?? message }),
        });
        cardRoutes(app);
        submissionRoutes(app, store);
        processRoutes(app, store, clock);
        queryRoute(app, clock);
      },
      [Symbol.asyncDispose]: async () => store[Symbol.dispose](),
    };
  },
};

const card = { service: 'Enhanced RAG Service', version: '0.1.0' } as const;

const features = ['document processing', 'sample extraction', 'questions about the laboratory'];

function cardRoutes(app: FastifyInstance): void {
  app.get('/', async () => ({ ...card, status: 'running', features }));
  app.get('/api/v1/health', async () => ({ status: 'healthy', ...card, features }));
}

function submissionRoutes(app: FastifyInstance, store: SubmissionStore): void {
  app.get('/api/rag/submissions', async () => {
    const submissions = store.all();
    const count = (status: SubmissionStatus) => submissions.filter((submission) => submission.status === status).length;
    return {
      submissions,
      data: submissions,
      totalCount: submissions.length,
      processing: count('processing'),
      completed: count('completed'),
      failed: count('failed'),
    };
  });
  app.get('/api/rag/submissions/:id', async (request) => {
    const submission = store.find(textParam(request, 'id'));
    if (!submission) throw new ServiceFailure(404, 'Submission not found');
    return submission;
  });
  app.get('/api/submissions', async () => {
    const submissions = store.all().filter(isUploaded);
    return { submissions, total: submissions.length };
  });
}

const isUploaded = (submission: Submission): boolean => 'filename' in submission;

function queryRoute(app: FastifyInstance, clock: Clock): void {
  app.post('/api/samples/rag/query', async (request) => {
    const startedAt = clock.now();
    const { query, session_id: session } = parseQuestion(request);
    const { answer, sources } = answerTo(query);
    const processingTime = (clock.now() - startedAt) / 1_000;
    return { answer, session_id: session, confidence_score: 0.85, processing_time: processingTime, sources };
  });
}
