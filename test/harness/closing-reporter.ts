import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/** Ends a run with what was skipped and why it matters, and with one plain line of totals. */
export default class ClosingReporter implements Reporter {
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    for (const line of this.#isFiltered ? [] : lines(skipped)) console.log(line);
    const totals = `${count('passed')} passed, ${count('failed') + broken} failed`;
    console.log(skipped.length === 0 ? totals : `${totals}, ${skipped.length} skipped`);
  }
}

function lines(skipped: readonly TestCase[]): readonly string[] {
  if (skipped.length === 0) return [];
  return [
    '',
    `!! ${skipped.length} tests were SKIPPED because a program they need was not found:`,
    ...skipped.slice(0, 10).map((test) => `!!   ${test.fullName}`),
    '!! Install redis-server, mongod (or ferretdb) and chromium, or set REDIS_URL and MONGODB_URI.',
    '',
  ];
}
