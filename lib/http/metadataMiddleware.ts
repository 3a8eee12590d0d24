import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../observe/logger.js';
import type { TableReader } from '../table/liveTable.js';
import { answerCors } from './cors.js';
import { refuseForeign } from './guard.js';
import { pathOf } from './path.js';
import { answerMetadata, findResource } from './protectedResource.js';
import { refusals } from './refusal.js';

export interface MetadataDeps {
  readonly reader: TableReader;
  readonly logger: Logger;
}

/** A request target, as it is below the mount path; null = from the host's root. */
export interface MetadataTarget {
  /** Without a query. */
  readonly path: string;
  readonly mount: string | null;
}

/** @returns false when the path is of no endpoint that has protected-resource metadata: nothing was answered. */
export function serveMetadata(
  { reader, logger }: MetadataDeps,
  req: IncomingMessage,
  res: ServerResponse,
  { path, mount }: MetadataTarget,
): boolean {
  const table = reader.peek();
  const found = table === null ? null : findResource(table, path, mount);
  if (table === null || found === null || res.headersSent) return false;
  const { server } = table.config;
  const foreign = refuseForeign(req, server);
  if (foreign !== null) {
    logger.debug(
      { endpoint: found.group.endpoint, reason: foreign },
      'a request was refused by Host or Origin',
    );
    refusals.foreign(res, foreign);
  } else if (!answerCors(req, res, server)) {
    answerMetadata(req, res, found, table);
  }
  return true;
}

/** Serves such metadata at a host's root, whatever the mount path of the endpoints. */
export function createMetadataMiddleware(deps: MetadataDeps) {
  return (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void => {
    const { originalUrl } = req as { readonly originalUrl?: unknown };
    const target = typeof originalUrl === 'string' ? originalUrl : (req.url ?? '/');
    if (serveMetadata(deps, req, res, { path: pathOf(target), mount: null })) return;
    if (next === undefined) refusals.notFound(res);
    else next();
  };
}
