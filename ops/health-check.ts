/*
 * Asks a health route and exits 0 for 200, 1 for all else: what an image without curl or a shell checks itself with.
 *
 *   node ops/health-check.ts           /live of the gateway on this machine, on GATEWAY_PORT
 *   node ops/health-check.ts /ready    another route of it
 *   node ops/health-check.ts <URL>     any other server
 */

const [, , place = '/live'] = process.argv;

/** Shorter than the time in which a container's check must end. */
const timeoutMs = 5_000;

process.exitCode = (await isWell(new URL(place, `http://127.0.0.1:${process.env['GATEWAY_PORT'] ?? 8_000}`))) ? 0 : 1;

async function isWell(url: URL): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    process.stderr.write(`${url.pathname}: ${String(error)}\n`);
    return false;
  }
}
