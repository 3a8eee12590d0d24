import { INBOUND_STRATEGIES } from './authSchema.js';
import { keysInVariable } from './callerKeys.js';
import { checkSections, checkVariable, exactlyOne, requireTexts } from './credentialRules.js';
import type { InboundDraft, Loose } from './draft.js';
import { checkHeaderName } from './headerRules.js';
import { checkUrl } from './locationRules.js';
import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';

/** Read when neither `keys_env` nor `keys_file` is given. */
export const DEFAULT_KEYS_ENV = 'MCP_API_KEYS';

/** Who may call: at the root, of a group, or of an upstream. */
export function checkInboundAuth(
  auth: Loose<InboundDraft> | undefined,
  path: ConfigPath,
  context: RuleContext,
  active = true,
): void {
  if (auth?.strategy === undefined) return;
  const given = INBOUND_STRATEGIES.filter((name) => name !== 'none' && auth[name] !== undefined);
  checkSections(auth.strategy, given, path, context, ['apikey']);
  const place = [...path, auth.strategy];
  if (auth.strategy === 'jwt') checkJwt(auth.jwt, place, context);
  if (auth.strategy === 'introspection') checkIntrospection(auth.introspection, place, context);
  if (auth.strategy === 'apikey') checkApiKey(auth.apikey, place, context, active);
}

function checkJwt(jwt: Loose<InboundDraft['jwt']>, path: ConfigPath, context: RuleContext): void {
  if (jwt === undefined) return;
  requireTexts(jwt, ['issuer', 'audience'], path, context);
  if (jwt.issuer) checkUrl(jwt.issuer, [...path, 'issuer'], context, { bare: true });
  checkUrl(jwt.jwks_url, [...path, 'jwks_url'], context);
  if (jwt.algorithms?.length === 0) {
    context.refused([...path, 'algorithms'], 'must have at least one algorithm', jwt.algorithms);
  }
}

function checkIntrospection(
  introspection: Loose<InboundDraft['introspection']>,
  path: ConfigPath,
  context: RuleContext,
): void {
  if (introspection === undefined) return;
  if (introspection.issuer === '' && introspection.endpoint === null) {
    context.broken([...path, 'issuer'], 'is required where endpoint is not given');
  }
  requireTexts(introspection, ['client_id', 'client_secret', 'audience'], path, context);
  if (introspection.issuer) checkUrl(introspection.issuer, [...path, 'issuer'], context, { bare: true });
  checkUrl(introspection.endpoint, [...path, 'endpoint'], context, { secrets: 'client_secret' });
}

function checkApiKey(
  apikey: Loose<InboundDraft['apikey']>,
  path: ConfigPath,
  context: RuleContext,
  active: boolean,
): void {
  checkHeaderName(apikey?.header, [...path, 'header'], context);
  const neither = apikey === undefined || (apikey.keys_env === null && apikey.keys_file === null);
  if (!neither) exactlyOne(apikey, ['keys_env', 'keys_file'], path, context);
  if (!active) return;
  const name = neither ? DEFAULT_KEYS_ENV : apikey.keys_env;
  const place = [...path, 'keys_env'];
  checkVariable(name, place, context);
  const value = typeof name === 'string' ? context.variable(name) : undefined;
  if (value !== undefined && value.trim() !== '' && keysInVariable(value).length === 0) {
    context.broken(place, 'must name an environment variable that holds at least one key');
  }
}
