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
      /** The request carried no credentials of the policy's kind at all, not even wrong ones. @default false */
      readonly anonymous?: boolean;
    };

export interface AuthContext {
  /** Path of the endpoint as the config names it. */
  readonly endpoint: string;
  /** Absolute URL of the endpoint as the client sees it. */
  readonly resource: string;
  /** URL of the endpoint's protected-resource metadata; null = it has none. */
  readonly metadata: string | null;
}

/** Checks the credentials of requests against a policy of the table that serves them. */
export interface Authenticator {
  /** A throw refuses the request: the client gets 503, the log the error. */
  authenticate(req: IncomingMessage, policy: InboundAuthConfig, context: AuthContext): Promise<AuthOutcome>;
  close(): void;
}
