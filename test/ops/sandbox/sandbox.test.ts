import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { ServiceName } from '#kit/service-names.ts';
import { serviceNames } from '#kit/service-names.ts';
import { jobId, sampleId } from '#ops/sandbox/data/facts.ts';
import { sandboxGraphKey } from '#ops/sandbox/data/graph-key.ts';
import { services } from '#ops/sandbox/registry.ts';
import type { SandboxCall, ServiceHook } from '#ops/sandbox/sandbox.ts';
import { startSandbox } from '#ops/sandbox/sandbox.ts';
import { call } from './call.ts';

/** The five services that speak the manners of one framework; rag speaks another's and graph its own. */
const rustServices = ['auth', 'samples', 'storage', 'templates', 'sequencing'] as const;

const bodies = {
  auth: { method: 'POST', path: '/auth/login' },
  samples: { method: 'POST', path: '/samples' },
  storage: { method: 'POST', path: '/storage/locations' },
  templates: { method: 'POST', path: '/templates' },
  sequencing: { method: 'POST', path: '/jobs' },
} as const;

/** The two that are not written in Rust answer for their health elsewhere. */
const healthPaths = new Map<ServiceName, string>([
  ['rag', '/api/v1/health'],
  ['graph', '/api/v1/public/health'],
]);

test('all seven services answer, each on its own address', async () => {
  await using sandbox = await startSandbox({ ports: 'any' });
  expect([...sandbox.urls.keys()]).toEqual([...serviceNames]);
  expect(new Set(sandbox.urls.values()).size).toBe(serviceNames.length);
  const health = [...sandbox.urls].map(([name, url]) => call(url + (healthPaths.get(name) ?? '/health')));
  expect((await Promise.all(health)).map(({ status }) => status)).toEqual(serviceNames.map(() => 200));
});

test('data is whose the start says, and bears the owner’s mark in whatever service tells of it', async () => {
  const [ours, theirs] = [{ id: 'ours', mark: 'magpie' }, { id: 'theirs' }];
  // Jobs 1 and 2 hold samples 1 to 20, job 3 samples of both.
  await using sandbox = await startSandbox({ ports: 'any', ownerOf: (sample) => (sample <= 25 ? ours : theirs) });
  const marks = async (name: ServiceName, path: string): Promise<number> => {
    const response = await fetch(sandbox.urls.get(name) + path, { headers: { authorization: `Bearer ${sandboxGraphKey}` } });
    return (await response.text()).split('magpie').length - 1;
  };
  expect(await marks('samples', `/samples/${sampleId(25)}`)).toBeGreaterThan(3);
  expect(await marks('samples', `/samples/${sampleId(26)}`)).toBe(0);
  expect(await marks('storage', `/storage/samples/${sampleId(1)}/location-detailed`)).toBeGreaterThan(0);
  expect(await marks('rag', '/api/rag/submissions/RAG-001')).toBeGreaterThan(0);
  expect(await marks('graph', '/api/v1/public/frames/Library/data?limit=100')).toBe(25);
  // The name, the description, and the name of the sheet.
  expect([await marks('sequencing', `/jobs/${jobId(2)}`), await marks('sequencing', `/jobs/${jobId(3)}`)]).toEqual([3, 0]);
});

test('every service prefers a port of its own', () => {
  expect(Object.values(services).map(({ name, port }) => [name, port])).toEqual([
    ['auth', 8080],
    ['samples', 8081],
    ['storage', 8082],
    ['templates', 8083],
    ['sequencing', 8084],
    ['rag', 8086],
    ['graph', 8090],
  ]);
});

test('a taken port gives way to the next free one that no other service prefers', async () => {
  await using _occupier = await occupy(services.rag.port);
  await using sandbox = await startSandbox({ services: ['rag'] });
  const port = Number(new URL(`${sandbox.urls.get('rag')}`).port);
  expect(port).toBeGreaterThan(services.rag.port);
  expect(Object.values(services).map((service) => service.port)).not.toContain(port);
});

test('the data is the same at every start, whatever was changed before', async () => {
  const read = async () => {
    await using sandbox = await startSandbox({ services: ['samples'], ports: 'any' });
    const one = `${sandbox.urls.get('samples')}/samples/${sampleId(1)}`;
    const { text } = await call(one);
    await call(one, { method: 'PUT', body: { name: 'Changed' } });
    return text;
  };
  expect(await read()).toBe(await read());
});

test('a stopped service takes its open connections down and leaves the others alone', async () => {
  await using sandbox = await startSandbox({ services: ['samples', 'templates'], ports: 'any' });
  const [samples, templates] = [`${sandbox.urls.get('samples')}/health`, `${sandbox.urls.get('templates')}/health`];
  await call(samples);
  await sandbox.stop('samples');
  await expect(call(samples)).rejects.toThrow();
  expect((await call(templates)).status).toBe(200);
  await sandbox.stop('samples');
});

test('every finished call is reported once', async () => {
  const calls: SandboxCall[] = [];
  await using sandbox = await startSandbox({ services: ['samples'], ports: 'any', onCall: (made) => calls.push(made) });
  await call(`${sandbox.urls.get('samples')}/samples?page=2&page_size=1`, { headers: { 'x-request-id': 'r1' } });
  await call(`${sandbox.urls.get('samples')}/nowhere`);
  await expect.poll(() => calls.length).toBe(2);
  const [listed, lost] = calls;
  expect(listed).toMatchObject({ service: 'samples', method: 'GET', path: '/samples', status: 200 });
  expect([listed?.query.get('page'), listed?.headers['x-request-id']]).toEqual(['2', 'r1']);
  expect(lost).toMatchObject({ path: '/nowhere', status: 404 });
});

test('a hook may answer before the service does', async () => {
  const outage: ServiceHook = (app, name) => {
    if (name === 'samples') app.addHook('onRequest', async (_request, reply) => reply.code(503).send('down'));
  };
  await using sandbox = await startSandbox({ services: ['samples', 'templates'], ports: 'any', hooks: [outage] });
  expect(await call(`${sandbox.urls.get('samples')}/health`)).toMatchObject({ status: 503, text: 'down' });
  expect((await call(`${sandbox.urls.get('templates')}/health`)).status).toBe(200);
});

test('a start that fails leaves nothing open', async () => {
  const port = { value: 0 };
  const start = startSandbox({
    services: ['samples', 'templates'],
    ports: 'any',
    hooks: [
      (app, name) => {
        if (name === 'templates') throw new Error('no such luck');
        app.addHook('onListen', async () => {
          port.value = Number(new URL(app.listeningOrigin).port);
        });
      },
    ],
  });
  await expect(start).rejects.toThrow('The sandbox did not start.');
  expect(port.value).toBeGreaterThan(0);
  await expect(call(`http://127.0.0.1:${port.value}/health`)).rejects.toThrow();
});

test.for(rustServices)('%s answers unknown routes and methods with a bare status', async (name) => {
  await using sandbox = await startSandbox({ services: [name], ports: 'any' });
  const url = `${sandbox.urls.get(name)}`;
  expect(await call(`${url}/nowhere`)).toMatchObject({ status: 404, text: '' });
  expect(await call(`${url}/health`, { method: 'DELETE' })).toMatchObject({ status: 405, text: '' });
  expect(await call(`${url}${bodies[name].path}`, { method: 'PATCH', body: {} })).toMatchObject({ status: 405, text: '' });
});

test.for(rustServices)('%s refuses a body it cannot read with a plain sentence', async (name) => {
  await using sandbox = await startSandbox({ services: [name], ports: 'any' });
  const { method, path } = bodies[name];
  const send = async (body: string, contentType = 'application/json') => {
    const answer = await call(`${sandbox.urls.get(name)}${path}`, { method, body, headers: { 'content-type': contentType } });
    return [answer.status, answer.headers.get('content-type')];
  };
  const plain = 'text/plain; charset=utf-8';
  expect(await send('{"name":')).toEqual([400, plain]);
  expect(await send('[]')).toEqual([422, plain]);
  expect(await send('{}')).toEqual([422, plain]);
  expect(await send('{}', 'text/plain')).toEqual([415, plain]);
  expect(await send('{}', 'application/xml')).toEqual([415, plain]);
  expect(await send(`"${'x'.repeat(2 * 1024 * 1024)}"`)).toEqual([413, plain]);
});

test.for([
  ['samples', '/samples/7'],
  ['storage', '/storage/locations/7'],
  ['sequencing', '/jobs/7'],
] as const)('%s refuses a path id that is not a UUID', async ([name, path]) => {
  await using sandbox = await startSandbox({ services: [name], ports: 'any' });
  const answer = await call(`${sandbox.urls.get(name)}${path}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8']);
});

test('every origin may call, and asks first', async () => {
  await using sandbox = await startSandbox({ services: ['samples'], ports: 'any' });
  const url = `${sandbox.urls.get('samples')}/samples`;
  expect((await call(url)).headers.get('access-control-allow-origin')).toBe('*');
  const headers = { origin: 'http://app.example', 'access-control-request-method': 'PUT' };
  const preflight = await call(url, { method: 'OPTIONS', headers });
  expect([preflight.status, preflight.text]).toEqual([200, '']);
  expect(preflight.headers.get('access-control-allow-methods')).toBe('*');
});

test('the command starts what it is told, prints the addresses and ends with a signal', async () => {
  const child = runCommand('samples', 'rag', '--ports', 'any', '--json');
  const [line] = await once(createInterface({ input: child.stdout ?? process.stdin }), 'line');
  const urls: Record<string, string> = JSON.parse(String(line));
  expect(Object.keys(urls)).toEqual(['samples', 'rag']);
  expect((await call(`${urls['samples']}/health`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the command names the services it knows when asked for another', async () => {
  const child = runCommand('nothing');
  const [text] = await once(child.stderr ?? process.stdin, 'data');
  expect(String(text)).toBe(`There is no service nothing; the sandbox knows ${serviceNames.join(', ')}.\n`);
  expect(await once(child, 'exit')).toEqual([2, null]);
});

function runCommand(...words: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['ops/sandbox/main.ts', ...words]);
}

/** Holds a port, or lets whoever else on this machine holds it do so. */
async function occupy(port: number): Promise<AsyncDisposable> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening.catch(() => undefined);
  return { [Symbol.asyncDispose]: async () => void (await new Promise((closed) => server.close(closed))) };
}
