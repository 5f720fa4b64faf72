import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { graphiqlPage } from '#ops/console/graphiql.ts';
import { startLaboratory } from '#test/harness/laboratory.ts';

const executablePath = '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

test.skipIf(!existsSync(executablePath))('GraphiQL runs its first query and asks no other host than ours', async () => {
  await using laboratory = await startLaboratory({ page: graphiqlPage });
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url().replace(/^blob:/, '')).origin));
  await page.goto(laboratory.gateway.url);
  await page.click('.graphiql-execute-button');
  await page.waitForFunction(
    () => document.querySelector('.result-window')?.textContent?.includes('positionIdentifier'),
    undefined,
    { timeout: 20_000 },
  );
  expect([...hosts]).toEqual([laboratory.gateway.url]);
  await browser.close();
});
