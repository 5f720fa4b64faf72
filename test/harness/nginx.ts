import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { certificate } from './certificate.ts';
import { root, run } from './deployment.ts';
import { freePort } from './find-store.ts';

export type NginxUnderTest = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Trusts its certificate and nothing else. */
  readonly agent: Agent;
  /** How many requests a gateway answered well, after whatever others were tried. */
  readonly served: (gateway: string) => number;
};

/** A folder with the configuration of ops/deploy/nginx and a certificate, on free ports before the given gateways. */
export async function nginxFolder(gateways: readonly string[]) {
  const [plain, secure] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-nginx-'));
  mkdirSync(join(folder, 'tls'));
  const { key, cert } = certificate(folder, 'localhost');
  writeFileSync(join(folder, 'tls', 'tls.key'), key);
  writeFileSync(join(folder, 'tls', 'tls.crt'), cert);
  const ours = readFileSync(join(root, 'ops/deploy/nginx/nginx.conf'), 'utf8')
    .replace('listen 8080', `listen 127.0.0.1:${plain}`)
    .replace('listen 8443', `listen 127.0.0.1:${secure}`)
    .replaceAll('/tmp/', `${folder}/`)
    // Standard output is a socket here, which cannot be opened by its name.
    .replace('/dev/stdout', `${folder}/access.log`)
    // One address sends everything here, so that its limit is not what is looked at.
    .replace('rate=1000r/m', 'rate=100000r/s');
  writeFileSync(join(folder, 'nginx.conf'), ours);
  writeFileSync(
    join(folder, 'upstream.conf'),
    gateways.map((address) => `server ${address} max_fails=2 fail_timeout=1s;\n`).join(''),
  );
  return { folder, port: secure, cert };
}

/** A real nginx with our configuration and TLS before gateways, each `host:port`. */
export async function startNginx(gateways: readonly string[]): Promise<NginxUnderTest> {
  const { folder, port, cert } = await nginxFolder(gateways);
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'], { stdio: 'ignore' });
  const agent = new Agent({ allowH2: false, connect: { ca: cert, servername: 'localhost' } });
  const ended = once(child, 'close');
  const url = `https://127.0.0.1:${port}`;
  await listens(url, agent);
  return {
    url,
    port,
    agent,
    served: (gateway) => servedBy(gateway, readFileSync(join(folder, 'access.log'), 'utf8')),
    async [Symbol.asyncDispose]() {
      await agent.close();
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

const servedBy = (gateway: string, log: string): number =>
  log.split('\n').filter((line) => line.includes(`${gateway}","upstreamStatus":"`) && line.includes('"status":200')).length;

async function listens(url: string, dispatcher: Agent): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const answered = await dispatcher.request({ origin: url, path: '/', method: 'GET' }).then(
      ({ body }) => body.dump().then(() => true),
      () => false,
    );
    if (answered) return;
    await pause(100);
  }
  throw new Error('nginx did not begin to listen within 5 s.');
}

/** What nginx says of a configuration, which is nothing unless something is wrong. */
export const checkNginx = (folder: string): string => run('nginx', ['-t', '-q', '-p', folder, '-c', 'nginx.conf']);
