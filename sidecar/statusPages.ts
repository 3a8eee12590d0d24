import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { McpAnythingHandler } from '../lib/index.js';
import { version } from './installedPackage.js';

export interface StatusPagesOptions {
  readonly handler: McpAnythingHandler;
  readonly metricsPath: string;
  /** True from the first signal on: /readyz then sends traffic elsewhere, whatever the handler says. */
  readonly stopping: () => boolean;
}

/** `/healthz`, `/readyz`, metrics and a line about the process: what the sidecar serves besides MCP. */
export function statusPages({ handler, metricsPath, stopping }: StatusPagesOptions): Express {
  const app = blankPages();
  app.get('/', (_request, response) => {
    const state = stopping() ? 'stopping' : handler.notReadyReasons().length === 0 ? 'ready' : 'not ready';
    response.type('text/plain').send(`mcp-anything ${version}: ${state}\n`);
  });
  app.get('/healthz', (request, response) => handler.health(request, response));
  app.get('/readyz', (request, response) => {
    if (!stopping()) return handler.readiness(request, response);
    response.status(503).json({
      ready: false,
      reasons: [{ reason: 'closing', message: 'the process is shutting down' }],
    });
  });
  app.get(metricsPath, (request, response) => handler.metrics(request, response));
  return app;
}

export interface AdminPagesOptions extends StatusPagesOptions {
  /** `POST /-/reload` exists. */
  readonly reload: boolean;
}

/** The status pages and, for operators only, the journal and a trigger for reloads. */
export function adminPages(options: AdminPagesOptions): Express {
  const { handler } = options;
  const app = blankPages();
  app.use(statusPages(options));
  app.get('/status', (_request, response) => {
    response.json({ version, notReady: handler.notReadyReasons(), journal: handler.journal() });
  });
  if (options.reload) {
    app.post('/-/reload', async (request: Request, response: Response) => {
      // A browser names the page that asks; no page of any origin has business here.
      if (request.headers.origin !== undefined) {
        response.status(403).json({ problems: ['reloads are not triggered by web pages'] });
        return;
      }
      const force = request.query['force'] === 'true';
      try {
        const report = await handler.reload({ force, trigger: 'http' });
        response.status(report.problems.length === 0 ? 200 : 422).json(report);
      } catch (error) {
        if (!options.stopping()) throw error;
        response.status(503).json({ problems: ['the reload was given up: the process is shutting down'] });
      }
    });
  }
  app.all('/-/reload', (_request, response) => {
    const problem = options.reload
      ? 'a reload is asked for by POST'
      : 'reloads by HTTP are off: server.admin_reload was not true when the process started';
    response
      .status(options.reload ? 405 : 404)
      .set(options.reload ? { Allow: 'POST' } : {})
      .json({ problems: [problem] });
  });
  return app;
}

/** Answers what nothing else did; to be mounted last. */
export function lastResort(app: Express): Express {
  app.use((_request, response) => {
    response
      .status(404)
      .type('text/plain')
      .send('There is nothing here. MCP clients use a group’s endpoint.\n');
  });
  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = Number(error?.status);
    const known = status >= 400 && status < 500;
    response
      .status(known ? status : 500)
      .type('text/plain')
      .send(known ? 'Bad request.\n' : 'Internal error.\n');
  };
  app.use(refuse);
  return app;
}

/** Nothing at all: the MCP listener's own pages when an admin listener has the others. */
export function blankPages(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  return app;
}
