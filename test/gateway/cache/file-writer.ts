import { fileStore } from '#gateway/cache/file-store.ts';
import { systemClock } from '#kit/clock.ts';

// One of several processes that work on the file of the first argument; exit code 1 when a step fails.
const [, , file = ''] = process.argv;
const onFault = ({ error }: { readonly error?: unknown }): void => {
  throw error;
};
await using store = fileStore({
  file,
  clock: systemClock,
  maxEntries: 200,
  maxBytes: 1_000_000,
  onFault,
  onRaised: () => undefined,
  cleanEveryMs: 10,
});
for (let round = 0; round < 300; round++) {
  const digest = String(round % 250);
  const wanted = {
    place: { namespace: 'ns', digest, key: `c:{ns}:1:books:Book:${digest}` },
    tags: [`{pub}:entity:${round % 50}`],
  };
  const [found] = await store.read([wanted]);
  const entry = { text: `"${digest}"`, freshMs: 1_000, keepMs: 1_000, costMs: 1 };
  await store.write([{ ...wanted, entry, fence: found?.fence ?? { stamps: [] } }]);
  if (round % 10 === 0) await store.raise(wanted.tags);
}
