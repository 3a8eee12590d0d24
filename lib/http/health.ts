import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';

/** A page of its own: it answers, whatever the path. */
export type Page = (req: IncomingMessage, res: ServerResponse) => void;

/** Liveness: 200 `ok` as long as the process answers at all. */
export function createHealthHandler(): Page {
  return (_req, res) => send(res, 200, 'text/plain; charset=utf-8', 'ok\n');
}

/** Readiness: 200, or 503 with the reasons. `reasons` is asked each time; empty = ready. */
export function createReadinessHandler(reasons: () => readonly object[]): Page {
  return (_req, res) => {
    const current = reasons();
    const ready = current.length === 0;
    send(res, ready ? 200 : 503, 'application/json', JSON.stringify({ ready, reasons: current }));
  };
}

/** Prometheus text format. */
export function createMetricsHandler(registry: Registry): Page {
  return (_req, res) => {
    registry.metrics().then(
      (text) => send(res, 200, registry.contentType, text),
      () => send(res, 500, 'text/plain; charset=utf-8', 'The metrics could not be collected.\n'),
    );
  };
}

function send(res: ServerResponse, status: number, type: string, text: string): void {
  // A host may have answered by itself while metrics were collected.
  if (res.headersSent) return;
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  res.end(text);
}
