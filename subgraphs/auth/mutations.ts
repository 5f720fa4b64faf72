import { ExpectedError } from '#kit/errors.ts';
import { checked } from '#kit/input.ts';
import { writeOnce } from '#kit/outcome.ts';
import { Credentials, Email, NewPassword, Registration, Token } from './bounds.ts';
import { callerMutations } from './caller-mutations.ts';
import type { AuthContext } from './context.ts';
import { inPlaceOf, unauthenticated } from './refusals.ts';
import type { Login, PasswordReset } from './writes.ts';

type Input = { readonly input: unknown };
type Creation = Input & { readonly idempotencyKey?: string | null };
type ByToken = { readonly token: string };

/** What strangers may do, and then what needs the token of a person. */
export const mutations = {
  async login(_: unknown, { input }: Input, { writes }: AuthContext): Promise<Login> {
    const credentials = checked(Credentials, input);
    // The service tells an unknown address from a wrong password; nobody else may.
    return writes.login(credentials).catch(inPlaceOf(['NOT_FOUND', 'UNAUTHENTICATED'], wrongCredentials()));
  },
  async refreshSession(_: unknown, { refreshToken }: { readonly refreshToken: string }, { writes }: AuthContext) {
    const token = checked(Token, refreshToken, 'refreshToken');
    const tooLate = unauthenticated('The token is not valid any more.');
    return blindly(() => writes.refresh(token)).catch(inPlaceOf(['NOT_FOUND'], tooLate));
  },
  async register(_: unknown, { input, idempotencyKey }: Creation, { writes, once }: AuthContext) {
    const registration = checked(Registration, input);
    return once(idempotencyKey, ['register', registration], () => blindly(() => writes.register(registration)));
  },
  async requestPasswordReset(_: unknown, { email }: { readonly email: string }, { writes }: AuthContext) {
    await writes.forgotPassword(checked(Email, email, 'email')).catch(unlessUnknown);
    return true;
  },
  async resetPassword(_: unknown, { token, newPassword }: PasswordReset, { writes }: AuthContext) {
    const reset = { token: checked(Token, token, 'token'), newPassword: checked(NewPassword, newPassword, 'newPassword') };
    await blindly(() => writes.resetPassword(reset)).catch(inPlaceOf(['NOT_FOUND', 'UNAUTHENTICATED'], voidToken()));
    return true;
  },
  async verifyEmail(_: unknown, { token }: ByToken, { writes }: AuthContext) {
    const letter = checked(Token, token, 'token');
    await blindly(() => writes.verifyEmail(letter)).catch(inPlaceOf(['NOT_FOUND', 'UNAUTHENTICATED'], voidToken()));
    return true;
  },
  ...callerMutations,
};

/** Writes what a stranger cannot read again. */
const blindly = <Answer>(write: () => Promise<Answer>): Promise<Answer> => writeOnce({ write, isCommitted: async () => false });

function unlessUnknown(reason: unknown): void {
  if (!(reason instanceof ExpectedError) || reason.code !== 'NOT_FOUND') throw reason;
}

const wrongCredentials = (): ExpectedError => unauthenticated('E-mail or password is wrong.');

const voidToken = (): ExpectedError =>
  new ExpectedError('BAD_USER_INPUT', 'token: is not valid, or not any more.', { extensions: { field: 'token' } });
