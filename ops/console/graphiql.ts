import { renderGraphiQL } from '@graphql-yoga/render-graphiql';

const firstQuery = `# The first samples with what other services know of them.
query FirstLook {
  samples(first: 5) {
    totalCount
    nodes {
      barcode
      name
      status
      template { name }
      storagePosition { positionIdentifier container { name } }
    }
  }
}
`;

/** GraphiQL as one page with everything inside: no content network, no other request than to our own endpoint. */
export const graphiqlPage = (endpoint: string): string =>
  renderGraphiQL({ endpoint, title: 'Lab gateway', defaultQuery: firstQuery });
