import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { runProgram } from '#test/harness/process.ts';

const executablePath = '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

test.skipIf(!existsSync(executablePath))(
  'GraphiQL runs its first query with the key of development and asks no other host than ours',
  async () => {
    await using gateway = runProgram('gateway/main.ts', [], { GATEWAY_PORT: '0' });
    const url = /GraphiQL\s+(http:\S+)\//.exec(await gateway.printed('helix-labs'))?.[1] ?? '';
    const browser = await chromium.launch({ executablePath, args });
    const page = await browser.newPage();
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url().replace(/^blob:/, '')).origin));
    await page.goto(url);
    const pressed = async (): Promise<string> => {
      await page.click('.graphiql-execute-button');
      const results = page.locator('.result-window', { hasText: /"(data|errors)"/ });
      return (await results.textContent({ timeout: 20_000 })) ?? '';
    };
    // A machine that is busy says OVERLOADED and asks to come back in a second.
    await expect.poll(pressed, { timeout: 40_000, interval: 1_000 }).toContain('"positionIdentifier"');
    expect([...hosts]).toEqual([url]);
    await browser.close();
  },
);
