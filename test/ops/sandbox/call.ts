export type Answer<Body> = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: Body };

type Call = {
  readonly method?: string;
  /** Sent as JSON; a string goes out as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One call to a sandbox service. `Body` is what the test expects to find; null when the answer is not JSON. */
export async function call<Body = unknown>(url: string, { method = 'GET', body, headers }: Call = {}): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : null) as Body };
}
