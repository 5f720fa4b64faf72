import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from making objects among the old ones where those made before happened to last. In a server they last because
 * requests were under way when the collector came; each then holds everything of its request until the whole heap is
 * collected. To be called before the first request.
 */
export function keepYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
