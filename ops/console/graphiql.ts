import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { developmentOrganizations } from '#ops/sandbox/organizations.ts';

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

/** The development key that may do most; it stands in the page's headers editor, to be replaced by any other credential. */
const key = developmentOrganizations.find(({ plan }) => plan === 'enterprise')?.key;

const headers = JSON.stringify({ 'X-API-Key': key }, null, 2);

/** GraphiQL as one page with everything inside: no content network, no other request than to our own endpoint. */
export const graphiqlPage = (endpoint: string): string =>
  renderGraphiQL({ endpoint, title: 'Lab gateway', defaultQuery: firstQuery, headers });
