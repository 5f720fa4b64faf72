import type { ServiceName } from '#kit/service-names.ts';
import type { SandboxService } from './service.ts';
import { authService } from './services/auth.ts';
import { graphService } from './services/graph.ts';
import { ragService } from './services/rag.ts';
import { samplesService } from './services/samples.ts';
import { sequencingService } from './services/sequencing.ts';
import { storageService } from './services/storage.ts';
import { templatesService } from './services/templates.ts';

/** All services of the sandbox; a new one is a file under services/ and a line here. */
export const services: Readonly<Record<ServiceName, SandboxService>> = {
  auth: authService,
  samples: samplesService,
  storage: storageService,
  templates: templatesService,
  sequencing: sequencingService,
  rag: ragService,
  graph: graphService,
};
