import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeMessage } from '#kit/safe-message.ts';

test.each([
  ['connect ECONNREFUSED 10.0.0.5:6379', 'connect ECONNREFUSED …'],
  ['connect ECONNREFUSED ::1:6379', 'connect ECONNREFUSED …'],
  ['connect EHOSTUNREACH [2001:db8::7]:27017', 'connect EHOSTUNREACH …'],
  ['getaddrinfo ENOTFOUND mongo-0.internal', 'getaddrinfo ENOTFOUND …'],
  ['read ECONNRESET mongo.internal:27017', 'read ECONNRESET …'],
  ['cannot use redis://gateway:pass-word@cache.internal:6379/2', 'cannot use redis://…/2'],
  ['GET https://user:pw@vault.internal/v1/secret/data/x?token=abc refused', 'GET https://…/v1/secret/data/x refused'],
  ['mongodb+srv://u:p%40ss@cluster0.example.net is wrong', 'mongodb+srv://… is wrong'],
  ['no access for somebody@lab.example here', 'no access for … here'],
  [`Unexpected token 'c', "canary-in-"... is not valid JSON`, 'Unexpected token is not valid JSON'],
  ['WRONGPASS of lg_test_HelixLabsEnterprisePlanDevKey001', 'WRONGPASS of …'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl is over', 'token … is over'],
  ['two\nlines\u001b[31m', 'two lines [31m'],
])('of %s is told: %s', (message, told) => {
  expect(safeMessage(new Error(message))).toBe(told);
});

test.each([
  'line 7 is neither an IP address nor a range',
  'premium.capacity: Invalid input: expected number, received string',
  'Unknown type "IsNoSupergraph".',
  'SUBGRAPH_SECRET_FILE: changed, which takes effect with the next start',
  "ENOENT: no such file or directory, open '/etc/gateway/plans.json'",
])('"%s" is told as it stands', (message) => {
  expect(safeMessage(new Error(message))).toBe(message);
});

test('no message is longer than 300 characters, and none is slow', () => {
  expect(safeMessage('word '.repeat(1_000))).toHaveLength(300);
  const nasty = fc.stringMatching(/^[a-f0-9:.@/"-]{0,4000}$/);
  const began = performance.now();
  fc.assert(fc.property(nasty, (text) => safeMessage(text).length <= 300));
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('credentials of an address are in no message', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{5,12}$/);
  fc.assert(
    fc.property(word, word, word, (user, password, host) => {
      const told = safeMessage(new Error(`cannot reach redis://${user}:${password}@${host}.internal:6379, gave up`));
      expect(told).toBe('cannot reach redis://… gave up');
    }),
  );
});
