import type { Admin } from './ask-admin.ts';
import { AdminRefusal, adminHelp, adminOf, adminOptions, askAdmin } from './ask-admin.ts';
import type { Command } from './command.ts';
import type { Row } from './print.ts';
import { say, sayRecord, sayRows } from './print.ts';
import { commonOptions, readWords } from './words.ts';

type Verb = {
  readonly summary: string;
  readonly help: string;
  readonly ask: (admin: Admin, printed: { readonly json: boolean }) => Promise<number>;
};

/** A word about a running gateway, which its listener for operators understands. */
const command = ({ summary, help, ask }: Verb): Command => ({
  summary,
  help: `${help}\n\n${adminHelp}\n  --json   print the answer as JSON`,
  run(words, environment) {
    const { values } = readWords(words, [], { ...commonOptions, ...adminOptions });
    return ask(adminOf(values, environment), values);
  },
});

export const status = command({
  summary: 'what a running gateway did so far, and how it stands',
  help: `Tells how long a gateway runs, what it answered and refused, its circuits and its memory.

  npm run cli -- status`,
  ask: async (admin, printed) => sayRecord(await askAdmin<Row>(admin, { method: 'GET', path: '/admin/status' }), printed),
});

export const drain = command({
  summary: 'take a running gateway out of its load balancer',
  help: `Turns /ready to 503, so that load balancers send nothing more; what comes all the same is answered. With workers, all
of them do so. It goes on running: \`undrain\` brings it back.

  npm run cli -- drain`,
  ask: (admin, printed) => askDraining(admin, '/admin/drain', printed),
});

export const undrain = command({
  summary: 'bring a drained gateway back',
  help: `Turns /ready back to 200.

  npm run cli -- undrain`,
  ask: (admin, printed) => askDraining(admin, '/admin/undrain', printed),
});

async function askDraining(admin: Admin, path: string, { json }: { readonly json: boolean }): Promise<number> {
  const answer = await askAdmin<{ readonly draining: boolean }>(admin, { method: 'POST', path });
  if (json) return say(JSON.stringify(answer));
  return say(
    answer.draining ? 'It is draining: /ready answers 503.' : 'It takes traffic: /ready answers 200 once all it needs is there.',
  );
}

type Parts = Readonly<Record<string, { readonly ok: boolean; readonly error?: string }>>;

export const reload = command({
  summary: 'have a running gateway read its files again',
  help: `Has every part read its files again: supergraph, plans, registered operations, address feed. What cannot be used leaves
its part as it was. Variables, and secrets from files, take effect with the next start.

  npm run cli -- reload

Exit code 0 when every part is as its files say, 1 when one is not.`,
  async ask(admin, printed) {
    const parts = await askAdmin<{ readonly parts: Parts }>(admin, { method: 'POST', path: '/admin/reload' }).then(
      (answer) => answer.parts,
      partsOf,
    );
    sayRows(
      Object.entries(parts).map(([part, { ok, error }]) => ({ part, outcome: ok ? 'ok' : 'as before', error })),
      printed,
    );
    return Object.values(parts).every(({ ok }) => ok) ? 0 : 1;
  },
});

/** A refusal tells of each part as well. */
function partsOf(error: unknown): Parts {
  const parts = error instanceof AdminRefusal ? error.extensions['parts'] : undefined;
  if (parts === undefined) throw error;
  return parts as Parts;
}
