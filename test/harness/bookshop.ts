import type { ForeignSubgraph } from './foreign.ts';
import { bookshop, composeForeign, startForeign } from './foreign.ts';
import type { GatewayUnderTest } from './gateway.ts';
import { testGateway } from './gateway.ts';

export type BookshopUnderTest = AsyncDisposable & {
  readonly books: ForeignSubgraph;
  readonly authors: ForeignSubgraph;
  readonly gateway: GatewayUnderTest;
};

/** A gateway over the two subgraphs of the bookshop, with these variables. */
export async function startBookshop(env: Record<string, string> = {}): Promise<BookshopUnderTest> {
  await using opening = new AsyncDisposableStack();
  const books = opening.use(await startForeign(bookshop.books));
  const authors = opening.use(await startForeign(bookshop.authors));
  const gateway = opening.use(await testGateway({ sdl: composeForeign([books, authors]), env }));
  const opened = opening.move();
  return { books, authors, gateway, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
