import { isJsonObject } from '../json.js';
import { checkCredential } from './credentialRules.js';
import type { Draft, Loose, UpstreamDraft } from './draft.js';
import { checkHeaders, checkHeaderValue } from './headerRules.js';
import { checkInboundAuth } from './inboundRules.js';
import { checkLocation, checkUrl } from './locationRules.js';
import type { ConfigPath } from './path.js';
import type { RuleContext } from './ruleContext.js';
import { suggestionFor } from './suggestion.js';

/** Rules of every upstream by itself, and between upstreams. */
export function checkUpstreams(draft: Loose<Draft>, context: RuleContext): void {
  const names = new Map<string, number>();
  const prefixes = new Map<string, number>();
  for (const [index, upstream] of (draft.upstreams ?? []).entries()) {
    if (upstream === undefined) continue;
    const path = ['upstreams', index];
    checkUpstream(upstream, path, context);
    const { name } = upstream;
    const prefix = upstream.tool_prefix ?? name;
    const namesake = name === undefined ? undefined : names.get(name);
    if (namesake !== undefined) {
      context.refused([...path, 'name'], `must differ from the name of upstreams[${namesake}]`, name);
    } else if (upstream.enabled !== false && prefix) {
      // Of two of the same name the prefix is the same too; one line is enough.
      const twin = prefixes.get(prefix);
      if (twin !== undefined) {
        context.refused(
          [...path, 'tool_prefix'],
          `must differ from the prefix of upstreams[${twin}]`,
          prefix,
        );
      }
      prefixes.set(prefix, twin ?? index);
      checkPrefixLength(prefix, path, draft, context);
    }
    if (name !== undefined) names.set(name, namesake ?? index);
  }
}

function checkUpstream(upstream: Loose<UpstreamDraft>, path: ConfigPath, context: RuleContext): void {
  const active = upstream.enabled !== false;
  checkUrl(upstream.base_url, [...path, 'base_url'], context, { secrets: 'outbound_auth', bare: true });
  checkHeaders(upstream.headers, [...path, 'headers'], context);
  checkTls(upstream, [...path, 'tls'], context);
  checkSources(upstream, path, context);
  const auth = upstream.outbound_auth ?? {};
  checkCredential(auth, [...path, 'outbound_auth'], context, { active });
  for (const [scheme, credential] of Object.entries(auth.schemes ?? {})) {
    if (credential !== undefined) {
      checkCredential(credential, [...path, 'outbound_auth', 'schemes', scheme], context, { active });
    }
  }
  if (upstream.validation?.success_status?.length === 0) {
    context.refused([...path, 'validation', 'success_status'], 'must have at least one status', []);
  }
  checkPolicyName(upstream.rate_limit, [...path, 'rate_limit'], 'rate_limits', context);
  checkPolicyName(upstream.circuit_breaker, [...path, 'circuit_breaker'], 'circuit_breakers', context);
  checkInboundAuth(upstream.inbound_auth, [...path, 'inbound_auth'], context, active);
}

function checkSources(upstream: Loose<UpstreamDraft>, path: ConfigPath, context: RuleContext): void {
  const { openapi } = upstream;
  if (openapi !== undefined) {
    const place = [...path, 'openapi'];
    checkLocation(openapi, place, context);
    checkHeaderValue(openapi.auth_header, [...place, 'auth_header'], context);
    if (openapi.max_refresh_failures && openapi.refresh_interval === null) {
      context.broken([...place, 'max_refresh_failures'], 'would do nothing without refresh_interval');
    }
  }
  // Of a single overlay that the schema refused, joi leaves no list.
  const overlays = Array.isArray(upstream.overlay) ? upstream.overlay : [];
  const isList = Array.isArray(context.given([...path, 'overlay']));
  for (const [index, overlay] of overlays.entries()) {
    if (overlay === undefined) continue;
    const place = isList ? [...path, 'overlay', index] : [...path, 'overlay'];
    checkLocation(overlay, place, context);
    checkHeaderValue(overlay.auth_header, [...place, 'auth_header'], context);
  }
}

function checkTls(upstream: Loose<UpstreamDraft>, path: ConfigPath, context: RuleContext): void {
  const { tls } = upstream;
  if (tls === undefined) return;
  if (typeof tls.cert_file === 'string' && tls.key_file === null) {
    context.broken([...path, 'cert_file'], 'needs key_file');
  }
  if (typeof tls.key_file === 'string' && tls.cert_file === null) {
    context.broken([...path, 'key_file'], 'needs cert_file');
  }
  if (tls.insecure_skip_verify === true) {
    if (typeof tls.ca_file === 'string') {
      context.broken([...path, 'ca_file'], 'would do nothing with insecure_skip_verify');
    }
    context.warned(
      [...path, 'insecure_skip_verify'],
      'accepts any certificate: whoever is in between can read and change calls',
    );
  }
  const used = Object.entries(tls).filter(([, value]) => value !== null && value !== false);
  const neverEncrypted =
    /^http:/i.test(upstream.base_url ?? '') && !/^https:/i.test(upstream.openapi?.source ?? '');
  if (used.length > 0 && neverEncrypted) {
    context.broken(path, 'would do nothing: base_url is an http URL');
  }
}

function checkPolicyName(
  name: string | null | undefined,
  path: ConfigPath,
  policies: 'rate_limits' | 'circuit_breakers',
  context: RuleContext,
): void {
  // As written: an entry with a mistake in it is there all the same.
  const entries = context.given([policies]);
  const known = isJsonObject(entries) ? Object.keys(entries) : [];
  if (name === null || name === undefined || known.includes(name)) return;
  const suggestion = suggestionFor(name, known);
  const hint = suggestion === null ? '' : `, did you mean "${suggestion}"?`;
  context.broken(path, `must name an entry of ${policies}, got ${context.print(name, path)}${hint}`);
}

/** A name needs room beside its prefix. */
function checkPrefixLength(
  prefix: string,
  path: ConfigPath,
  draft: Loose<Draft>,
  context: RuleContext,
): void {
  const { max_length: maxLength, separator } = draft.naming ?? {};
  if (maxLength === undefined || separator === undefined) return;
  const room = maxLength - separator.length - 8;
  if (prefix.length > room) {
    context.refused(
      [...path, 'tool_prefix'],
      `must be at most ${room} characters with naming.max_length ${maxLength}`,
      prefix,
    );
  }
}
