import type { IncomingMessage } from 'node:http';
import type { Caller } from '../call/hooks.js';
import type { InboundAuthConfig } from '../config/config.js';
import type { AuthorizeTool, ToolRefusal } from '../mcp/exchange.js';
import type { Group, ToolEntry } from '../table/routingTable.js';
import type { Authenticator, AuthOutcome } from './authenticator.js';
import { hostCaller } from './hostIdentity.js';
import { resourceOf } from './resource.js';

/** What one request may do, decided by the policies of its own table. */
export type Authorization =
  | { readonly kind: 'ok'; readonly caller: Caller; readonly authorizeTool: AuthorizeTool | null }
  | Extract<AuthOutcome, { kind: 'refused' }>
  /** A policy is in force and nothing is there to check it: never fail open. */
  | { readonly kind: 'unavailable' };

/**
 * Checks the group's policy, and prepares the check of tools that have one of their own (their upstream's policy,
 * required scopes).
 */
export function authorize(
  req: IncomingMessage,
  group: Group,
  authenticator: Authenticator | null,
): Authorization | Promise<Authorization> {
  const policy = group.inboundAuth;
  if (policy.strategy === 'none') {
    const caller = hostCaller(req);
    return { kind: 'ok', caller, authorizeTool: toolCheck(req, group, authenticator, caller) };
  }
  return authenticator === null ? { kind: 'unavailable' } : authenticated(req, group, policy, authenticator);
}

async function authenticated(
  req: IncomingMessage,
  group: Group,
  policy: InboundAuthConfig,
  authenticator: Authenticator,
): Promise<Authorization> {
  const outcome = await check(req, group, policy, authenticator);
  if (outcome.kind === 'refused') return outcome;
  const { caller } = outcome;
  return { kind: 'ok', caller, authorizeTool: toolCheck(req, group, authenticator, caller) };
}

function check(
  req: IncomingMessage,
  group: Group,
  policy: InboundAuthConfig,
  authenticator: Authenticator,
): Promise<AuthOutcome> {
  const { endpoint } = group;
  return authenticator.authenticate(req, policy, { endpoint, resource: resourceOf(req, endpoint) });
}

const guardedGroups = new WeakMap<Group, boolean>();

/** Whether some tool of the group asks for more than the group does. */
function hasGuardedTools(group: Group): boolean {
  let guarded = guardedGroups.get(group);
  if (guarded === undefined) {
    guarded = group.tools.some(
      ({ compiled, upstream }) =>
        compiled.authRequired !== false &&
        (upstream.config.inbound_auth !== null || compiled.requiredScopes.length > 0),
    );
    guardedGroups.set(group, guarded);
  }
  return guarded;
}

function toolCheck(
  req: IncomingMessage,
  group: Group,
  authenticator: Authenticator | null,
  caller: Caller,
): AuthorizeTool | null {
  if (!hasGuardedTools(group)) return null;
  return async (entry) => {
    if (entry.compiled.authRequired === false) return null;
    const policy = entry.upstream.config.inbound_auth;
    if (policy === null || policy.strategy === 'none') return missingScopes(entry, caller);
    if (authenticator === null) return UNCHECKED;
    const outcome = await check(req, group, policy, authenticator);
    return outcome.kind === 'refused' ? outcome : missingScopes(entry, outcome.caller);
  };
}

const UNCHECKED: ToolRefusal = {
  status: 401,
  challenge: 'Bearer',
  message: 'This tool needs authentication, which is not available here',
};

/** RFC 6750, section 3.1: `insufficient_scope`. */
function missingScopes({ compiled }: ToolEntry, caller: Caller): ToolRefusal | null {
  const { requiredScopes } = compiled;
  if (requiredScopes.every((scope) => caller.scopes.includes(scope))) return null;
  return {
    status: 403,
    challenge: `Bearer error="insufficient_scope", scope="${requiredScopes.join(' ').replace(/["\\]/g, '')}"`,
    message: `This tool needs the scopes: ${requiredScopes.join(' ')}`,
  };
}
