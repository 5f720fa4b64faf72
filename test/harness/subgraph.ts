import type { ExecutionResult } from 'graphql';
import { fetch as fetchForm } from 'undici';
import { expect } from 'vitest';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import type { RunningSubgraph } from '#kit/define-subgraph.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import { multipartBody } from '#kit/multipart-body.ts';
import type { ServiceName } from '#kit/service-names.ts';
import { Upload } from '#kit/upload.ts';
import type { UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import type { SandboxCall } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { developmentSettings } from '#ops/sandbox/settings.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import { serve } from '#subgraphs/serve.ts';
import { administrator } from './callers.ts';

type Options = {
  readonly settings?: Partial<UpstreamSettings>;
  readonly clock?: Clock;
  /** Stands in for the sandbox, for answers that the contract does not give. */
  readonly url?: string;
};

type Asked = {
  readonly authorization?: string;
  /** Who asks; an administrator of the laboratory unless told. */
  readonly caller?: Caller;
};

const secret = developmentSecrets.SUBGRAPH_SECRET;

export type SubgraphUnderTest = AsyncDisposable & {
  /** Asks in process and over HTTP, expects the same answer and returns it. */
  readonly ask: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** Asks in process alone, for counting calls. */
  readonly askLocally: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** Asks over HTTP alone. */
  readonly askServed: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** What the sandbox service was asked since the start, or since `calls.length = 0`. */
  readonly calls: SandboxCall[];
  /** Base URL of the sandbox service. */
  readonly upstream: string;
};

/** One subgraph over its sandbox service, opened in both ways. */
export async function startSubgraph(name: ServiceName, options: Options = {}): Promise<SubgraphUnderTest> {
  await using opening = new AsyncDisposableStack();
  const calls: SandboxCall[] = [];
  const sandbox =
    options.url === undefined
      ? opening.use(await startSandbox({ services: [name], ports: 'any', onCall: (call) => calls.push(call) }))
      : undefined;
  const upstream = options.url ?? sandbox?.urls.get(name) ?? '';
  const settings = {
    ...readUpstreamSettings(name, {}),
    ...developmentSettings(name),
    ...options.settings,
    url: upstream,
  };
  const subgraph = await subgraphs[name]();
  const open = (): RunningSubgraph =>
    subgraph.open({ settings, clock: options.clock ?? systemClock, onUnexpectedError: (error) => console.error(error) });
  const local = opening.use(open());
  const served = opening.use(
    await serve(open(), { host: '127.0.0.1', port: 0, secret, onUnexpectedError: (error) => console.error(error) }),
  );
  const askLocally: SubgraphUnderTest['askLocally'] = async (text, variables = {}, asked = {}) =>
    asJson(
      await local.execute({
        text,
        variables,
        call: { requestId: 'test-request', signal: AbortSignal.timeout(10_000), caller: administrator, ...asked },
      }),
    );
  const askServed: SubgraphUnderTest['askServed'] = (query, variables = {}, asked = {}) =>
    askOver(served.url, { query, variables }, { ...asked, subgraph: name });
  const opened = opening.move();
  return {
    calls,
    upstream,
    askLocally,
    askServed,
    async ask(text, variables = {}, asked = {}) {
      const answer = await askLocally(text, variables, asked);
      expect(await askServed(text, variables, asked)).toEqual(answer);
      return answer;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** An answer as it looks on the wire. */
function asJson(result: ExecutionResult): ExecutionResult {
  const { data, errors } = JSON.parse(JSON.stringify(result));
  return { ...(errors && { errors: errors.map(withoutLocations).sort(byPath) }), ...(data !== undefined && { data }) };
}

/** Fields that fail at the same time fail in no particular order. */
const byPath = (left: { path?: unknown }, right: { path?: unknown }): number =>
  String(left.path).localeCompare(String(right.path), 'en', { numeric: true });

const withoutLocations = ({ locations: _, ...error }: { locations?: unknown }): object => error;

type AskedOver = Asked & { readonly subgraph: string };

type Question = { readonly query: string; readonly variables: Record<string, unknown> };

async function askOver(
  url: string,
  question: Question,
  { authorization, caller, subgraph }: AskedOver,
): Promise<ExecutionResult> {
  const headers = {
    [assertionHeader]: await assertionSigner(secret, subgraph)(caller ?? administrator),
    ...(authorization !== undefined && { authorization }),
  };
  const response = Object.values(question.variables).some((value) => value instanceof Upload)
    ? await fetchForm(url, {
        method: 'POST',
        headers: { ...headers, 'apollo-require-preflight': '1' },
        body: multipartBody(question),
      })
    : await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(question),
      });
  return asJson((await response.json()) as ExecutionResult);
}
