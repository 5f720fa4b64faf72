import type { ExecutionResult } from 'graphql';
import { fetch as fetchForm } from 'undici';
import { expect } from 'vitest';
import { assertionHeader, assertionSigner } from '#kit/assertion.ts';
import type { Call, Client } from '#kit/call.ts';
import type { Caller } from '#kit/caller.ts';
import type { Clock } from '#kit/clock.ts';
import { systemClock } from '#kit/clock.ts';
import type { CredentialOf, RunningSubgraph } from '#kit/define-subgraph.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { Freshness } from '#kit/freshness.ts';
import { multipartBody } from '#kit/multipart-body.ts';
import type { OrganizationParts } from '#kit/organizations/administration.ts';
import { localBus } from '#kit/organizations/change-bus.ts';
import { keyHasher } from '#kit/organizations/keys.ts';
import { openStore } from '#kit/organizations/open-store.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { ServiceName, SubgraphName } from '#kit/service-names.ts';
import { Upload } from '#kit/upload.ts';
import type { Environment, ReachableSettings, UpstreamSettings } from '#kit/upstream-settings.ts';
import { readUpstreamSettings } from '#kit/upstream-settings.ts';
import { openUpstreams } from '#kit/upstreams.ts';
import type { Sandbox, SandboxCall, ServiceHook } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { developmentSettings } from '#ops/sandbox/settings.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import { serve } from '#subgraphs/serve.ts';
import { administrator } from './callers.ts';

type Options = {
  /** Settings of every service that the subgraph needs, in place of the defaults. */
  readonly settings?: Partial<UpstreamSettings>;
  readonly clock?: Clock;
  /** Stands in for the sandbox and all its services, for answers that the contract does not give. */
  readonly url?: string;
  /** The services behave as the real ones do, with their defects. */
  readonly quirks?: true;
  /** Installed on every sandbox service before its routes. */
  readonly hooks?: readonly ServiceHook[];
  /** Variables that name the store of organizations, for the subgraph that needs it. */
  readonly organizations?: Environment;
  /** What organizations prove themselves with to the service; none has anything of its own unless told. */
  readonly credentialOf?: CredentialOf;
  /** Hears of bugs and of what a person has to mend; printed unless told. */
  readonly onUnexpectedError?: (error: unknown) => void;
};

type Asked = {
  readonly authorization?: string;
  /** Who asks; an administrator of the laboratory unless told. */
  readonly caller?: Caller;
  /** Where the question comes from; nobody knows unless told. */
  readonly client?: Client;
  /** Ends when the caller goes away; in process alone. */
  readonly signal?: AbortSignal;
};

const secret = developmentSecrets.SUBGRAPH_SECRET;

export type SubgraphUnderTest = AsyncDisposable & {
  /** Asks in process and over HTTP, expects the same answer and returns it. */
  readonly ask: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** Asks in process alone, for counting calls. */
  readonly askLocally: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** Asks in process and tells how long the answer holds by what services and subgraph say; undefined when nobody does. */
  readonly freshnessOf: (text: string) => Promise<Freshness | undefined>;
  /** Asks over HTTP alone. */
  readonly askServed: (text: string, variables?: Record<string, unknown>, asked?: Asked) => Promise<ExecutionResult>;
  /** What the sandbox was asked since the start, or since `calls.length = 0`. */
  readonly calls: SandboxCall[];
  /** Base URL of the sandbox service of the subgraph's name, where there is one. */
  readonly upstream: string;
  /** Base URL of any service that the subgraph needs. */
  readonly upstreamOf: (service: ServiceName) => string;
  /** Lets a service fail; an empty list heals it. */
  readonly faults: Sandbox['faults'];
};

/** One subgraph over the sandbox services that it needs, opened in both ways. */
export async function startSubgraph(name: SubgraphName, options: Options = {}): Promise<SubgraphUnderTest> {
  await using opening = new AsyncDisposableStack();
  const calls: SandboxCall[] = [];
  const subgraph = await subgraphs[name]();
  const onCall = (call: SandboxCall): void => void calls.push(call);
  const started = options.url === undefined ? subgraph.needs : [];
  const sandbox = opening.use(
    await startSandbox({ services: started, ports: 'any', onCall, hooks: options.hooks ?? [], quirks: options.quirks ?? false }),
  );
  const urls = new Map<SubgraphName, string>(sandbox.urls);
  const upstreamOf = (service: SubgraphName): string => options.url ?? urls.get(service) ?? '';
  const settings = new Map(
    subgraph.needs.map((service): [ServiceName, ReachableSettings] => [
      service,
      {
        ...readUpstreamSettings(service, {}),
        ...developmentSettings(service),
        ...options.settings,
        url: upstreamOf(service),
      },
    ]),
  );
  const { clock = systemClock, onUnexpectedError = (error) => console.error(error) } = options;
  // Two processes, each with connections of its own.
  const open = async (): Promise<RunningSubgraph> => {
    const upstreams = opening.use(await openUpstreams(settings, { clock, onUnexpectedError }));
    const organizations = subgraph.needsOrganizations ? await openOrganizations(options.organizations, opening) : undefined;
    const { credentialOf } = options;
    return subgraph.open({ upstreams, organizations, clock, onUnexpectedError, ...(credentialOf && { credentialOf }) });
  };
  const local = await open();
  const served = opening.use(await serve(await open(), { host: '127.0.0.1', port: 0, secret, onUnexpectedError }));
  const askLocally: SubgraphUnderTest['askLocally'] = async (text, variables = {}, asked = {}) =>
    asJson(
      await local.execute({
        text,
        variables,
        call: newCall(asked),
      }),
    );
  const askServed: SubgraphUnderTest['askServed'] = (query, variables = {}, asked = {}) =>
    askOver(served.url, { query, variables }, { ...asked, subgraph: name });
  const opened = opening.move();
  return {
    calls,
    upstream: upstreamOf(name),
    upstreamOf,
    faults: sandbox.faults,
    askLocally,
    askServed,
    freshnessOf: async (text) => (await local.execute({ text, call: newCall() })).freshness,
    async ask(text, variables = {}, asked = {}) {
      const answer = await askLocally(text, variables, asked);
      expect(await askServed(text, variables, asked)).toEqual(answer);
      return answer;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const newCall = (asked: Asked = {}): Call => ({
  requestId: 'test-request',
  signal: AbortSignal.timeout(10_000),
  caller: administrator,
  ...asked,
});

async function openOrganizations(environment: Environment = {}, opening: AsyncDisposableStack): Promise<OrganizationParts> {
  const settings = readOrganizationSettings(environment);
  return { store: opening.use(await openStore(settings)), bus: localBus(), hasher: keyHasher(settings.peppers) };
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
  { authorization, caller, client, subgraph }: AskedOver,
): Promise<ExecutionResult> {
  const headers = {
    [assertionHeader]: await assertionSigner(secret, subgraph)(caller ?? administrator, client),
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
