import { OUTBOUND_STRATEGIES } from './authSchema.js';
import type { CredentialDraft, Loose } from './draft.js';
import { checkHeaderName, isOneLine } from './headerRules.js';
import { checkUrl } from './locationRules.js';
import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';

/** Whether the environment is to be looked at: what is switched off needs no secrets. */
export interface CredentialRuleOptions {
  readonly active: boolean;
}

type Section = Readonly<Record<string, unknown>>;

/** One way to authenticate to an upstream: `outbound_auth`, or an entry of its `schemes`. */
export function checkCredential(
  credential: Loose<CredentialDraft>,
  path: ConfigPath,
  context: RuleContext,
  options: CredentialRuleOptions,
): void {
  const given = OUTBOUND_STRATEGIES.filter((name) => name !== 'none' && credential[name] !== undefined);
  const { strategy } = credential;
  if (strategy === undefined) {
    if (given.length > 0) {
      context.broken([...path, 'strategy'], `is required where ${given.join(' and ')} is given`);
    }
    return;
  }
  checkSections(strategy, given, path, context);
  const { bearer, api_key: apiKey, basic, oauth2_client_credentials: oauth2 } = credential;
  if (strategy === 'bearer' && bearer !== undefined) {
    const place = [...path, 'bearer'];
    exactlyOne(bearer, ['token_env', 'token_file'], place, context);
    if (options.active) checkVariable(bearer.token_env, [...place, 'token_env'], context);
  }
  if (strategy === 'api_key' && apiKey !== undefined) {
    const place = [...path, 'api_key'];
    if (apiKey.header && apiKey.query) context.broken(place, 'must have one of header and query, got both');
    exactlyOne(apiKey, ['value_env', 'value_file'], place, context);
    checkHeaderName(apiKey.header, [...place, 'header'], context);
    if (apiKey.prefix !== undefined && !isOneLine(apiKey.prefix)) {
      context.broken([...place, 'prefix'], 'must have no line breaks or control characters');
    }
    if (options.active) checkVariable(apiKey.value_env, [...place, 'value_env'], context);
  }
  if (strategy === 'basic' && basic !== undefined) {
    const place = [...path, 'basic'];
    exactlyOne(basic, ['username_env', 'username_file'], place, context);
    exactlyOne(basic, ['password_env', 'password_file'], place, context);
    if (options.active) {
      checkVariable(basic.username_env, [...place, 'username_env'], context);
      checkVariable(basic.password_env, [...place, 'password_env'], context);
    }
  }
  if (strategy === 'oauth2_client_credentials' && oauth2 !== undefined) {
    const place = [...path, 'oauth2_client_credentials'];
    requireTexts(oauth2, ['token_url', 'client_id', 'client_secret'], place, context);
    if (oauth2.token_url) {
      checkUrl(oauth2.token_url, [...place, 'token_url'], context, { secrets: 'client_secret' });
    }
  }
}

/** The section of the strategy must be there; others are kept for a change of mind, and reported. */
export function checkSections(
  strategy: string,
  given: readonly string[],
  path: ConfigPath,
  context: RuleContext,
  optional: readonly string[] = [],
): void {
  for (const name of given) {
    if (name !== strategy) context.warned([...path, name], `is not used with strategy "${strategy}"`);
  }
  if (strategy !== 'none' && !given.includes(strategy) && !optional.includes(strategy)) {
    context.broken([...path, strategy], `is required with strategy "${strategy}"`);
  }
}

/** Of two keys that say the same thing in two ways. */
export function exactlyOne(
  section: Section,
  keys: readonly [string, string],
  path: ConfigPath,
  context: RuleContext,
): void {
  const given = keys.filter((key) => section[key] !== null && section[key] !== '');
  // A key that the schema has refused is missing altogether, and has its own line.
  if (keys.some((key) => section[key] === undefined) || given.length === 1) return;
  context.broken(
    path,
    `must have exactly one of ${keys.join(' and ')}, got ${given.length === 0 ? 'neither' : 'both'}`,
  );
}

/** Keys that default to "" but are needed by the strategy in force. */
export function requireTexts(
  section: Section,
  keys: readonly string[],
  path: ConfigPath,
  context: RuleContext,
): void {
  for (const key of keys) if (section[key] === '') context.broken([...path, key], 'is required');
}

/** A `*_env` key: the variable must be set and fit into a header. Its value is never printed. */
export function checkVariable(name: string | null | undefined, path: ConfigPath, context: RuleContext): void {
  if (name === null || name === undefined) return;
  const value = context.variable(name);
  if (value === undefined) {
    context.refused(path, 'must name an environment variable that is set', name);
  } else if (value.trim() === '') {
    context.refused(path, 'must name an environment variable that is not empty', name);
  } else if (!isOneLine(value.trim())) {
    context.refused(
      path,
      'must name an environment variable without line breaks or control characters',
      name,
    );
  }
}
