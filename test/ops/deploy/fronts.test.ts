import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { certificate } from '#test/harness/certificate.ts';
import { describeWith, read, root, run } from '#test/harness/deployment.ts';
import { checkNginx, nginxFolder, startNginx } from '#test/harness/nginx.ts';

describeWith('nginx')('nginx', () => {
  test('takes the configuration, and refuses it with a mistake', async () => {
    const { folder } = await nginxFolder(['127.0.0.1:8000']);
    expect(checkNginx(folder)).toBe('');
    writeFileSync(join(folder, 'upstream.conf'), 'server 127.0.0.1:8000 weigth=2;\n');
    expect(() => checkNginx(folder)).toThrow('weigth');
    rmSync(folder, { recursive: true });
  });

  test('SE-14 speaks TLS 1.2 and 1.3 and refuses 1.1', async () => {
    await using nginx = await startNginx(['127.0.0.1:1']);
    const spoken = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise((resolved) => {
        // Seclevel 0, or our own side would refuse the old version.
        const options = {
          minVersion: version,
          maxVersion: version,
          rejectUnauthorized: false,
          ciphers: 'DEFAULT@SECLEVEL=0',
        } as const;
        const socket = connect({ port: nginx.port, host: '127.0.0.1', ...options }, () => {
          resolved(socket.getProtocol());
          socket.destroy();
        });
        socket.once('error', () => resolved('refused'));
      });
    expect([await spoken('TLSv1.1'), await spoken('TLSv1.2'), await spoken('TLSv1.3')]).toEqual([
      'refused',
      'TLSv1.2',
      'TLSv1.3',
    ]);
  });

  test('SE-14 keeps sessions for ten minutes, and every cipher that it names is one', () => {
    const text = read('ops/deploy/nginx/nginx.conf');
    expect(text).toMatch(/ssl_session_cache shared:SSL:10m;[\s\S]*ssl_session_timeout 10m;/);
    const wanted = /ssl_ciphers (.*);/.exec(text)?.[1]?.split(':') ?? [];
    const known = run('openssl', ['ciphers', '-s', '-tls1_2', wanted.join(':')])
      .trim()
      .split(':');
    expect(wanted.length).toBeGreaterThan(3);
    expect(known).toEqual(wanted);
  });

  test('the gateway is waited for longer than it lets anybody wait, and its idle connections are left before it leaves them', () => {
    const text = read('ops/deploy/nginx/nginx.conf');
    const seconds = (name: string): number => Number(new RegExp(`${name} (\\d+)s;`).exec(text)?.[1]);
    expect(seconds('proxy_read_timeout')).toBeGreaterThan(15);
    const upstream = /upstream lab_gateway \{[\s\S]*?\n {2}\}/.exec(text)?.[0] ?? '';
    expect(Number(/keepalive_timeout (\d+)s/.exec(upstream)?.[1])).toBeLessThan(5);
    expect(read('gateway/http/server.ts')).toContain('keepAliveTimeout: 5_000');
    expect(text).not.toContain('non_idempotent');
  });
});

describeWith('haproxy', 'openssl')('HAProxy', () => {
  test('takes the configuration, and refuses it with a mistake', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-gateway-'));
    const { key, cert } = certificate(folder, 'localhost');
    writeFileSync(join(folder, 'tls.pem'), cert + key);
    const config = join(folder, 'haproxy.cfg');
    copyFileSync(resolve(root, 'ops/deploy/haproxy/haproxy.cfg'), config);
    const check = () => spawnSync('haproxy', ['-c', '-f', config], { cwd: folder, encoding: 'utf8' });
    const { status, stdout, stderr } = check();
    expect([status, stderr.replace(/^Configuration file is valid\s*/, '')]).toEqual([0, '']);
    expect(stdout + stderr).not.toMatch(/WARNING|ALERT/);
    writeFileSync(config, readFileSync(config, 'utf8').replace('option redispatch', 'option redisptach'));
    expect(check().status).not.toBe(0);
    rmSync(folder, { recursive: true });
  });
});

test('SE-20 the firewall of a machine lets the world reach the web, the inside all but the numbers, and who measures those', () => {
  const rules = run('sh', ['ops/deploy/host-firewall.sh'], { env: { DRY_RUN: 'true', MONITORING_RANGE: '10.20.0.0/24' } });
  expect(rules.trim().split('\n').slice(3)).toEqual([
    'iptables -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT',
    'iptables -A INPUT -p tcp --dport 9090 -s 10.20.0.0/24 -j ACCEPT',
    'iptables -A INPUT -p tcp --dport 9090 -j DROP',
    'iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT',
    'iptables -A INPUT -j DROP',
  ]);
  expect(() => run('sh', ['ops/deploy/host-firewall.sh'], { env: { DRY_RUN: 'true' } })).toThrow('MONITORING_RANGE');
});
