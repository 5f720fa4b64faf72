import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BookshopUnderTest } from '#test/harness/bookshop.ts';
import { startBookshop } from '#test/harness/bookshop.ts';

let shop: BookshopUnderTest;

beforeAll(async () => {
  shop = await startBookshop();
});

afterAll(() => shop[Symbol.asyncDispose]());

/** Sends header bytes that no HTTP client would. */
async function sendRaw(name: string, value: string) {
  const { hostname, port } = new URL(shop.gateway.url);
  const body = '{"query":"{ book(id: 1) { title } }"}';
  const head = ['POST /graphql HTTP/1.1', 'host: gateway', 'connection: close', 'content-type: application/json'];
  const socket = connect(Number(port), hostname);
  socket.write(Buffer.from([...head, `content-length: ${body.length}`, `${name}: ${value}`, '', body].join('\r\n'), 'latin1'));
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  await once(socket, 'close');
  const [answered = '', json = ''] = text.split('\r\n\r\n');
  return { status: Number(answered.split(' ')[1]), body: JSON.parse(json.slice(json.indexOf('{'), json.lastIndexOf('}') + 1)) };
}

const broken = ['a\rb', 'a\nb', 'a\r\n b', 'a\r\n\tx-evil: 1', 'a\0b', 'a\x01b', 'a\x7fb'];

test.each(broken.flatMap((value) => [['authorization', value] as const, ['tracestate', value] as const]))(
  'F19 a %s of %j is refused and reaches no subgraph',
  async (name, value) => {
    shop.books.seen.length = 0;
    const { status, body } = await sendRaw(name, value);
    expect(status).toBe(400);
    expect(body).toEqual({
      errors: [
        {
          message: 'The request cannot be read.',
          extensions: { code: 'BAD_REQUEST', requestId: expect.stringMatching(/^[\w-]{36}$/) },
        },
      ],
    });
    expect(shop.books.seen).toEqual([]);
  },
);

test.each(['a\tb', 'a\x80\xffb', 'a  b'])('F19 a value of %j goes on as it came', async (value) => {
  shop.books.seen.length = 0;
  expect((await sendRaw('tracestate', value)).status).toBe(200);
  expect(shop.books.seen[0]?.['tracestate']).toBe(value);
});

test('F19 what comes after a line break is a header of its own, and not one of the allow-list', async () => {
  shop.books.seen.length = 0;
  expect((await sendRaw('tracestate', 'a\r\nx-evil: 1')).status).toBe(200);
  expect(shop.books.seen[0]).not.toHaveProperty('x-evil');
});

test('headers over 16 KB are refused in the words of every refusal', async () => {
  const { status, body } = await sendRaw('tracestate', 'x'.repeat(20_000));
  expect([status, body.errors[0].extensions.code]).toEqual([431, 'BAD_REQUEST']);
});
