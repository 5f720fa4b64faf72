import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Tells whether a request brings the token, in a time that says nothing of how much of it was right. */
export function bearerOf(token: string): (request: Pick<FastifyRequest, 'headers'>) => boolean {
  const wanted = digest(token);
  return ({ headers: { authorization = '' } }) => {
    const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}
