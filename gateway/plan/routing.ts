import { Kind, parse } from 'graphql';

/** One subgraph of a supergraph: `local:<name>` or an HTTP address. */
export type Route = { readonly name: string; readonly url: string };

const localPattern = /^local:([\w-]+)$/;

/** The name of a subgraph in this process, or undefined when the route leads elsewhere. */
export const localName = (url: string): string | undefined => localPattern.exec(url)?.[1];

/** Reads names and routing URLs from a supergraph (`join__Graph`, join specification); `moved` wins over the file. */
export function routesOf(sdl: string, moved: ReadonlyMap<string, string>): readonly Route[] {
  const graphs = parse(sdl, { noLocation: true }).definitions.find(
    (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION) throw new Error('This is not a supergraph: it has no enum join__Graph.');
  return (graphs.values ?? []).map(({ directives, name }) => {
    const join = directives?.find((directive) => directive.name.value === 'join__graph');
    const argument = (wanted: string): string => {
      const value = join?.arguments?.find((given) => given.name.value === wanted)?.value;
      return value?.kind === Kind.STRING ? value.value : '';
    };
    const subgraph = argument('name') || name.value;
    return { name: subgraph, url: moved.get(subgraph.toLowerCase().replaceAll('-', '_')) ?? argument('url') };
  });
}
