import { SignJWT } from 'jose';
import { isRole, roles } from '#kit/caller.ts';
import { developmentSecrets } from '#kit/development-secrets.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { say } from './print.ts';
import { commonOptions, readMoment, readWords } from './words.ts';

const help = `Signs a token for development, with the claims of the auth service. It has no session there: whoever asks the auth
service about it hears that it is not valid.

  npm run cli -- token --role lab_technician
  npm run cli -- query '{ samples(first: 3) { nodes { name } } }' --token "$(npm run --silent cli -- token)"

  --role     ${roles.join(', ')} (guest)
  --subject  id of the person (that of the sandbox's guest)
  --email    address of the person (guest@lab.example)
  --expires  time from now, or a date (1h)
  --json     print {"token", "expiresAt"}

It is signed with JWT_SECRET_KEY, or with the sandbox's secret when that is not set. JWT_ISSUER and JWT_AUDIENCE go into it.`;

export const token: Command = {
  summary: 'sign a token for development',
  help,
  async run(words, environment) {
    const { values } = readWords(words, [], {
      ...commonOptions,
      role: { type: 'string', default: 'guest' },
      subject: { type: 'string', default: '05e70000-0000-4000-8000-000000000003' },
      email: { type: 'string', default: 'guest@lab.example' },
      expires: { type: 'string', default: '1h' },
    });
    const { role, subject, email } = values;
    if (!isRole(role)) throw new UsageError(`--role is one of ${roles.join(', ')}.`);
    if (environment['ENVIRONMENT'] === 'production') throw new Error('In production only the auth service makes tokens.');
    const secret = environment['JWT_SECRET_KEY'] || environment['JWT_SECRET'] || developmentSecrets.JWT_SECRET_KEY;
    const expiresAt = readMoment('--expires', values.expires, Date.now());
    // The claims of the auth service (contract 1.1).
    const signed = await new SignJWT({ email, role })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .setIssuer(environment['JWT_ISSUER'] || 'auth-service')
      .setAudience(environment['JWT_AUDIENCE'] || 'lab-management-system')
      .setJti(crypto.randomUUID())
      .sign(new TextEncoder().encode(secret));
    return say(values.json ? JSON.stringify({ token: signed, expiresAt }) : signed);
  },
};
