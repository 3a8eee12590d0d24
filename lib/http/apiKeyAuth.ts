import type { IncomingMessage } from 'node:http';
import type { InboundApiKeyConfig } from '../config/config.js';
import { countOf } from './bearerToken.js';
import type { PolicyCheck, Verdict } from './policyCheck.js';

/** Fixed keys in a header. They carry no scopes. */
export class ApiKeyCheck implements PolicyCheck {
  readonly scheme = 'ApiKey';
  readonly scopes: readonly string[] = [];
  readonly header: string;
  readonly #config: InboundApiKeyConfig;

  constructor(config: InboundApiKeyConfig) {
    this.#config = config;
    this.header = config.header;
  }

  async check(req: IncomingMessage): Promise<Verdict> {
    const name = this.header.toLowerCase();
    const value = req.headers[name];
    if (value === undefined || value === '') return refused('missing', `A key in ${this.header} is needed`);
    if (typeof value !== 'string' || countOf(req, name) > 1) {
      return refused('invalid_request', `${this.header} was sent more than once`);
    }
    // In a header that has schemes, clients put one before the key.
    const key = name === 'authorization' ? value.replace(/^(?:bearer|apikey) +/i, '') : value;
    // Node reads header bytes as Latin-1; keys beyond ASCII are sent as UTF-8.
    const fingerprint = this.#config.keys.match(Buffer.from(key.trim(), 'latin1').toString('utf8'));
    if (fingerprint === null) return refused('invalid_token', 'The key is not valid');
    return { kind: 'ok', caller: { id: `key:${fingerprint}`, scopes: [], claims: {} } };
  }
}

function refused(reason: 'missing' | 'invalid_request' | 'invalid_token', message: string): Verdict {
  return { kind: 'refused', reason, message };
}
