import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type McpAnythingHandler, mcpAnything } from '../../../lib/index.js';
import { call, LEGACY, rpc } from '../../mcp/batteryCase.js';
import { CollectedLog } from '../../support/collectedLog.js';
import { HttpServer } from '../../support/httpServer.js';
import { AUDIENCE, Issuer } from '../../support/issuer.js';
import { type RawAnswer, type RawRequest, sendRaw } from '../../support/rawHttp.js';
import { smallDocument } from '../../support/smallDocument.js';
import { SpecServer } from '../../support/specServer.js';
import { TemporaryDirectory } from '../../support/temporaryDirectory.js';
import { until } from '../../support/until.js';

/** One thing that is done to the proxy, and what has to come of it. */
export interface Fault {
  readonly area: 'document' | 'caller' | 'arguments' | 'upstream' | 'token' | 'config';
  readonly input: string;
  readonly required: string | RegExp;
  /** What came of it, in the words of `required`. */
  readonly run: (world: FaultWorld) => Promise<string>;
}

/** The document that is good, and lists `one`. */
export const GOOD = smallDocument('one');

const ITEMS = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Items', version: '1' },
  paths: {
    '/items/{id}': {
      get: {
        operationId: 'getItem',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'q', in: 'query', schema: { type: 'string' } },
          { name: 'X-Note', in: 'header', schema: { type: 'string' } },
          { name: 'Authorization', in: 'header', schema: { type: 'string' } },
          { name: 'Host', in: 'header', schema: { type: 'string' } },
          { name: 'session', in: 'cookie', schema: { type: 'string' } },
          { name: 'word', in: 'query', schema: { type: 'string', pattern: '^(a+)+$' } },
        ],
        responses: { 200: { description: 'ok' } },
      },
    },
    '/body': {
      post: {
        operationId: 'postBody',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
});

/** One proxy for all faults, with everything around it that can go wrong. */
export class FaultWorld implements AsyncDisposable {
  readonly log = new CollectedLog();
  /** Requests that the API has got. */
  readonly received: IncomingMessage[] = [];
  /** Takes the place of the API's answer `{}`. */
  manner: RequestListener | null = null;
  /** Of the last reload. */
  warnings: readonly string[] = [];
  /** Another config than at the start is in force. */
  #changed = false;
  handler!: McpAnythingHandler;
  proxy!: HttpServer;
  api!: HttpServer;
  spec!: SpecServer;
  issuer!: Issuer;
  directory!: TemporaryDirectory;

  static async start(): Promise<FaultWorld> {
    const world = new FaultWorld();
    world.api = await HttpServer.start((request, response) => world.#answer(request, response));
    world.spec = await SpecServer.start(GOOD);
    world.issuer = await Issuer.start();
    world.directory = new TemporaryDirectory({ 'items.json': ITEMS, keys: 'good-key\n' });
    world.directory.write('mcp.yaml', world.config());
    const config = join(world.directory.path, 'mcp.yaml');
    world.handler = mcpAnything({ config, logger: world.log, use: 'sidecar', watch: false });
    world.proxy = await HttpServer.start((request, response) => world.handler(request, response));
    await world.handler.ready;
    return world;
  }

  /** A good config; `more` at its end. */
  config(more = ''): string {
    return `
server: { read_timeout: 400ms, max_request_body: 256KB, max_streams_per_address: 5, startup_validation_timeout: 5s }
upstreams:
  - { name: items, tool_prefix: "", base_url: "${this.api.url}", timeout: 700ms, max_response_body: 64KB, openapi: { source: items.json } }
  - { name: victim, tool_prefix: "", timeout: 700ms, openapi: { source: "${this.spec.url}", allow_external_refs: true, max_size: 2MB } }
groups:
  - { name: items, endpoint: /items, upstreams: [items] }
  - { name: victim, endpoint: /victim, upstreams: [victim] }
  - { name: both, endpoint: /both, upstreams: [items, victim] }
  - name: tokens
    endpoint: /tokens
    upstreams: [items]
    inbound_auth: { strategy: jwt, jwt: { issuer: "${this.issuer.url}", audience: "${AUDIENCE}" } }
  - name: keys
    endpoint: /keys
    upstreams: [items]
    inbound_auth: { strategy: apikey, apikey: { keys_file: keys } }
${more}`;
  }

  get port(): number {
    return Number(new URL(this.proxy.url).port);
  }

  send(request: RawRequest | Buffer): Promise<RawAnswer> {
    return sendRaw(this.port, request);
  }

  /** Names that an endpoint lists; the status where it lists none. */
  async listed(endpoint: string, headers: object = {}): Promise<string> {
    const answer = await this.send({
      path: endpoint,
      headers: { ...LEGACY, ...headers },
      body: rpc('tools/list'),
    });
    const { result } = JSON.parse(answer.body.toString());
    if (result === undefined) return String(answer.status);
    return result.tools.map(({ name }: { name: string }) => name).join(',');
  }

  /** The first text of a tool's result (its kind where it is no text), with `error: ` before it where it is one. */
  async called(name: string, args: object, endpoint = '/items'): Promise<string> {
    const body = rpc('tools/call', call(name, args));
    const answer = await this.send({ path: endpoint, headers: LEGACY, body });
    const { result, error } = JSON.parse(answer.body.toString());
    if (error !== undefined) return `rpc ${error.code}`;
    const [block] = result.content;
    return `${result.isError === true ? 'error: ' : ''}${block?.text ?? block?.type}`;
  }

  /** What comes of a document of the victim: `accepted` or `refused`, what is listed then, and the reason. */
  async loaded(document: string | Buffer): Promise<string> {
    this.spec.document = document;
    const { outcome, problems, warnings } = await this.handler.reload();
    this.warnings = warnings;
    const verdict = problems.length === 0 && outcome !== 'failed' ? 'accepted' : 'refused';
    return `${verdict}, lists ${await this.listed('/victim')}${reasonOf(problems)}`;
  }

  /** What comes of a config. */
  async configured(text: string | Buffer): Promise<string> {
    this.directory.write('mcp.yaml', text.toString('utf8'));
    const { outcome, problems } = await this.handler.reload();
    this.#changed ||= outcome === 'applied';
    return `${outcome}, lists ${await this.listed('/items')}${reasonOf(problems)}`;
  }

  /** Puts everything right again, but the document in force: that takes its time. */
  async restore(): Promise<void> {
    this.spec.document = GOOD;
    this.spec.headers = {};
    this.issuer.manner = null;
    this.manner = null;
    this.received.length = 0;
    this.directory.write('mcp.yaml', this.config());
    if (!this.#changed) return;
    await this.handler.reload();
    this.#changed = false;
  }

  /** Puts the document of the start in force. */
  async restoreDocument(): Promise<void> {
    await this.restore();
    await this.handler.reload();
  }

  /** Resolves when no request is being answered and no retired table is in use; forgets what was collected. */
  async settled(): Promise<void> {
    const metric = async (name: string) =>
      (await this.handler.registry.getSingleMetric(`mcp_anything_${name}`)?.get())?.values[0]?.value ?? 0;
    await until(
      async () => (await metric('requests_in_flight')) === 0 && (await metric('tables_draining')) === 0,
    );
    this.log.lines.length = 0;
    this.spec.requests.length = 0;
    this.issuer.requests.length = 0;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.received.push(request);
    if (this.manner === null) response.setHeader('content-type', 'application/json').end('{}');
    else this.manner(request, response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handler.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
    await this.spec[Symbol.asyncDispose]();
    await this.issuer[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

/** The first problem, without the addresses that differ from run to run. */
function reasonOf(problems: readonly string[]): string {
  const [first] = problems;
  return first === undefined
    ? ''
    : `: ${first.replaceAll(/https?:\/\/127\.0\.0\.1:\d+\S*: |\/\S*\/mcp\.yaml: |upstream "victim": /g, '')}`;
}
