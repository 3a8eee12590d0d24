import type { IncomingMessage } from 'node:http';
import type { Caller } from '../call/hooks.js';
import type { InboundAuthConfig } from '../config/config.js';
import type { AuthorizeTool, Exchange, ToolRefusal } from '../mcp/exchange.js';
import type { Group, RoutingTable, ToolEntry } from '../table/routingTable.js';
import type { Authenticator, AuthOutcome } from './authenticator.js';
import { challengeText } from './challenge.js';
import { ANONYMOUS, hostCaller } from './hostIdentity.js';
import { isOpenTool, openGroupOf } from './openTools.js';
import { metadataUrlOf, resourceOf } from './protectedResource.js';

type Refused = Extract<AuthOutcome, { kind: 'refused' }>;

/** What one request may do, decided by the policies of its own table. */
export type Authorization =
  | ({ readonly kind: 'ok' } & Pick<
      Exchange,
      'group' | 'wholeGroup' | 'caller' | 'callerOf' | 'authorizeTool'
    >)
  | Refused
  /** A policy is in force and nothing is there to check it: never fail open. */
  | { readonly kind: 'unavailable' };

/** A request, and everything its authorization is decided by. */
export interface Application {
  readonly req: IncomingMessage;
  readonly table: RoutingTable;
  readonly group: Group;
  readonly authenticator: Authenticator | null;
}

/**
 * Checks the group's policy, and prepares the check of tools that have one of their own (their upstream's policy,
 * required scopes). A caller without any credentials gets the open tools of a guarded group, where there are some;
 * one with wrong credentials gets nothing.
 */
export function authorize(application: Application): Authorization | Promise<Authorization> {
  const { req, group, authenticator } = application;
  const policy = group.inboundAuth;
  if (policy.strategy === 'none') return admitted(application, hostCaller(req));
  return authenticator === null ? { kind: 'unavailable' } : authenticated(application, policy, authenticator);
}

async function authenticated(
  application: Application,
  policy: InboundAuthConfig,
  authenticator: Authenticator,
): Promise<Authorization> {
  const outcome = await check(application, policy, authenticator);
  if (outcome.kind === 'ok') return admitted(application, outcome.caller);
  const { group, table } = application;
  const open = outcome.anonymous === true ? openGroupOf(group, table) : null;
  if (open === null) return outcome;
  return {
    kind: 'ok',
    group: open,
    wholeGroup: group,
    caller: ANONYMOUS,
    authorizeTool: (entry) => (isOpenTool(entry) ? null : outcome),
  };
}

function check(
  { req, group, table }: Application,
  policy: InboundAuthConfig,
  authenticator: Authenticator,
): Promise<AuthOutcome> {
  return authenticator.authenticate(req, policy, {
    endpoint: group.endpoint,
    resource: resourceOf(req, group, table),
    metadata: metadataUrlOf(req, group, table),
  });
}

function admitted(application: Application, caller: Caller): Authorization {
  const { group } = application;
  if (!hasGuardedTools(group)) return { kind: 'ok', group, caller, authorizeTool: null };
  return { kind: 'ok', group, caller, ...toolChecks(application, caller) };
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

/** An upstream's policy is asked once per request, however many of its tools a batch calls. */
function toolChecks(
  application: Application,
  caller: Caller,
): Required<Pick<Exchange, 'callerOf'>> & { readonly authorizeTool: AuthorizeTool } {
  const { authenticator } = application;
  const callers = new Map<InboundAuthConfig, Caller>();
  return {
    callerOf: ({ upstream }) => callers.get(upstream.config.inbound_auth ?? NO_POLICY) ?? caller,
    async authorizeTool(entry) {
      if (entry.compiled.authRequired === false) return null;
      const policy = entry.upstream.config.inbound_auth;
      if (policy === null || policy.strategy === 'none') return missingScopes(application, entry, caller);
      if (authenticator === null) return UNCHECKED;
      if (!callers.has(policy)) {
        const outcome = await check(application, policy, authenticator);
        if (outcome.kind === 'refused') return outcome;
        callers.set(policy, outcome.caller);
      }
      return missingScopes(application, entry, callers.get(policy) ?? ANONYMOUS);
    },
  };
}

const NO_POLICY: InboundAuthConfig = { strategy: 'none' };

const UNCHECKED: ToolRefusal = {
  status: 401,
  challenge: 'Bearer',
  message: 'This tool needs authentication, which is not available here',
};

/** RFC 6750, section 3.1: `insufficient_scope`. Clients take the scopes named as all that they have to ask for. */
function missingScopes(
  { req, group, table }: Application,
  { compiled, upstream }: ToolEntry,
  caller: Caller,
): ToolRefusal | null {
  const { requiredScopes } = compiled;
  if (requiredScopes.every((scope) => caller.scopes.includes(scope))) return null;
  const message = `This tool needs the scopes: ${requiredScopes.join(' ')}`;
  return {
    status: 403,
    challenge: challengeText({
      scheme: 'Bearer',
      resourceMetadata: metadataUrlOf(req, group, table),
      error: 'insufficient_scope',
      description: message,
      scopes: [...scopesOf(upstream.config.inbound_auth ?? group.inboundAuth), ...requiredScopes],
    }),
    message,
  };
}

function scopesOf(policy: InboundAuthConfig): readonly string[] {
  if (policy.strategy === 'jwt') return policy.jwt.required_scopes;
  return policy.strategy === 'introspection' ? policy.introspection.required_scopes : [];
}
