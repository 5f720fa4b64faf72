/** Answers one request of one kind. */
export type Handler<Request, Response> = (request: Request) => Promise<Response>;

/** Wraps a handler: may look at the request, change it, answer itself, or look at the answer on its way back. */
export type Layer<Request, Response> = (next: Handler<Request, Response>) => Handler<Request, Response>;

/** The first layer is the outermost one. */
export const stack = <Request, Response>(
  layers: readonly Layer<Request, Response>[],
  innermost: Handler<Request, Response>,
): Handler<Request, Response> => layers.reduceRight((next, layer) => layer(next), innermost);
