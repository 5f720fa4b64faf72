import { z } from 'zod';
import { EdgeCell, Key, VertexCell } from './answers.ts';

/* The rows of the statements in cypher.ts, cell by cell. */

export const VertexRows = z.array(z.tuple([z.number(), Key, VertexCell]));

export const NeighborRows = z.array(z.tuple([z.number(), Key, VertexCell, EdgeCell]));

export const DegreeRows = z.array(z.tuple([z.number(), Key]));

export const LineageRows = z.array(z.tuple([z.number(), Key, VertexCell, EdgeCell.nullable()]));

export const LineageKeyRows = z.array(z.tuple([z.number(), Key, Key]));

export const NeighborhoodRows = z.array(z.tuple([z.number(), VertexCell, EdgeCell]));

export const PathRows = z.array(z.tuple([z.number(), z.array(VertexCell), z.array(EdgeCell)]));
