import type { IncomingMessage } from 'node:http';
import type { Caller } from '../call/hooks.js';
import type { InboundAuthConfig } from '../config/config.js';

/** What the credentials of one request are worth. */
export type AuthOutcome =
  | { readonly kind: 'ok'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      readonly status: 401 | 403;
      /** Value of `WWW-Authenticate` (RFC 9110, section 11.6.1; RFC 9728, section 5.1). */
      readonly challenge: string;
      /** Safe to show a client. */
      readonly message: string;
    };

export interface AuthContext {
  /** Path of the endpoint as the config names it. */
  readonly endpoint: string;
  /** Absolute URL of the endpoint as the client sees it: the token's audience, and where its metadata starts from. */
  readonly resource: string;
}

/** Checks the credentials of requests against a policy of the table that serves them. */
export interface Authenticator {
  /** A throw refuses the request: the client gets 503, the log the error. */
  authenticate(req: IncomingMessage, policy: InboundAuthConfig, context: AuthContext): Promise<AuthOutcome>;
  close(): void;
}
