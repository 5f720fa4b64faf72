/**
 * The executor that all tests are to run with, of those that leave it open: `EXECUTOR=stock npx vitest run test/gateway` proves
 * the way back to the library's own.
 */
export function givenExecutor(): Readonly<Record<string, string>> {
  const { EXECUTOR: executor } = process.env;
  return executor === undefined ? {} : { EXECUTOR: executor };
}
