import { z } from 'zod';
import { path } from '#kit/path.ts';
import type { RestClient } from '#kit/rest-client.ts';
import type { Page, PageRequest } from './client.ts';

const Workflow = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable().default(null),
    workflow_type: z.string(),
    platform: z.string(),
    version: z.string(),
    is_active: z.boolean(),
    steps: z.unknown(),
    parameters: z.unknown(),
  })
  .transform(({ workflow_type, platform, is_active, ...row }) => ({
    ...row,
    workflowType: workflow_type,
    platformId: platform,
    isActive: is_active,
  }));

type Workflow = Readonly<z.infer<typeof Workflow>>;

const WorkflowPage = z.object({
  data: z.object({ workflows: z.array(Workflow), pagination: z.object({ total_count: z.number() }) }),
});
const OneWorkflow = z.object({ data: Workflow }).transform(({ data }) => data);

export type WorkflowClient = {
  readonly page: (request: PageRequest) => Promise<Page<Workflow>>;
  readonly one: (id: string) => Promise<Workflow | null>;
};

export function workflowClient(rest: RestClient): WorkflowClient {
  return {
    async page({ page, size }) {
      const { data } = await rest.get('/workflows', { answer: WorkflowPage, query: { page, page_size: size } });
      return { rows: data.workflows, total: data.pagination.total_count };
    },
    one: (id) => rest.find(path`/workflows/${id}`, { answer: OneWorkflow }),
  };
}
