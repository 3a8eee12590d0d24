import {
  type AuthenticatorOptions,
  createAuthenticator,
  type InboundAuthenticator,
} from '../../lib/http/auth.js';
import { policiesOf } from '../../lib/http/policies.js';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { CollectedLog } from './collectedLog.js';
import { McpServer, type McpServerOptions } from './mcpServer.js';
import { type RawAnswer, sendRaw } from './rawHttp.js';
import { type TableDraft, tableOf } from './table.js';

export interface GuardedServerOptions {
  readonly inboundAuth?: object;
  /** Over a table with one tool `alpha` of one upstream `api`. */
  readonly table?: Omit<TableDraft, 'config' | 'tools'> & Partial<TableDraft>;
  readonly authenticator?: Partial<AuthenticatorOptions>;
  readonly server?: McpServerOptions;
  readonly env?: Readonly<Record<string, string>>;
}

/** The serving side with the real authenticator, which is asked about one policy. */
export class GuardedServer implements AsyncDisposable {
  readonly authenticator: InboundAuthenticator;
  readonly server: McpServer;
  readonly log: CollectedLog;
  readonly #options: GuardedServerOptions;

  private constructor(
    authenticator: InboundAuthenticator,
    server: McpServer,
    log: CollectedLog,
    options: GuardedServerOptions,
  ) {
    this.authenticator = authenticator;
    this.server = server;
    this.log = log;
    this.#options = options;
  }

  static async start(options: GuardedServerOptions): Promise<GuardedServer> {
    const log = new CollectedLog();
    const authenticator = createAuthenticator({ logger: log, ...options.authenticator });
    const table = await tableOf(draftOf(options));
    const server = await McpServer.start(table, { authenticator, ...options.server });
    return new GuardedServer(authenticator, server, log, options);
  }

  /** Swaps in a table with another policy, or with the same in new objects. */
  async reload(inboundAuth: object | undefined = this.#options.inboundAuth): Promise<void> {
    const options = { ...this.#options, ...(inboundAuth === undefined ? {} : { inboundAuth }) };
    const table = await tableOf({ ...draftOf(options), former: this.server.table });
    this.server.swap(table);
    this.authenticator.retain(policiesOf(table));
  }

  /** `tools/list` with these headers. */
  list(headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    return sendRaw(this.server.port, { headers: { ...LEGACY, ...headers }, body: rpc('tools/list') });
  }

  /** A tool call with these headers. */
  call(name: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    const body = rpc('tools/call', call(name));
    return sendRaw(this.server.port, { headers: { ...LEGACY, ...headers }, body });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    return sendRaw(this.server.port, { method: 'GET', path, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.authenticator.close();
  }
}

const API = { name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } };

function draftOf({ inboundAuth, table, env }: GuardedServerOptions): TableDraft {
  const config = {
    upstreams: [API],
    ...(inboundAuth === undefined ? {} : { inbound_auth: inboundAuth }),
    ...table?.config,
  };
  return { tools: [{ name: 'alpha' }], ...table, config, ...(env === undefined ? {} : { env }) };
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
