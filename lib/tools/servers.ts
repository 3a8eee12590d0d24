import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isUrl } from '../spec/location.js';

/** Which server an operation's requests go to, or why none can be told. */
export type ServerChoice = { readonly url: string } | { readonly problem: string };

export interface ServerSettings {
  /** The configured `base_url`; null = none. */
  readonly baseUrl: string | null;
  /** Where the document came from: what relative server URLs are relative to when there is no `base_url`. */
  readonly location: string;
}

/** `base_url`, else the document's own server. */
export function rootServer(root: JsonObject, settings: ServerSettings): ServerChoice {
  if (settings.baseUrl !== null) return absolute(settings.baseUrl, settings);
  if (Object.hasOwn(root, 'swagger')) return swaggerServer(root, settings);
  return (
    firstServer(root['servers'], settings) ??
    (isUrl(settings.location) ? absolute('/', settings) : { problem: 'the document names no server' })
  );
}

/** An operation's own servers, else its path's; null = neither has any. */
export function operationServer(
  operation: JsonObject,
  pathItem: JsonObject,
  settings: ServerSettings,
): ServerChoice | null {
  return firstServer(operation['servers'], settings) ?? firstServer(pathItem['servers'], settings);
}

/** The first of a list that is an HTTP server; else the first one's problem. */
function firstServer(servers: Json | undefined, settings: ServerSettings): ServerChoice | null {
  if (!Array.isArray(servers) || servers.length === 0) return null;
  const choices = (servers as readonly Json[]).map((server) => serverOf(server, settings));
  return choices.find((choice) => 'url' in choice) ?? choices[0] ?? null;
}

function serverOf(server: Json, settings: ServerSettings): ServerChoice {
  const url = isJsonObject(server) ? server['url'] : undefined;
  if (!isJsonObject(server) || typeof url !== 'string') return { problem: 'a server has no url' };
  const variables = isJsonObject(server['variables']) ? server['variables'] : {};
  let missing: string | null = null;
  const filled = url.replace(/\{([^{}]*)\}/g, (text, name: string) => {
    const value = variableDefault(Object.hasOwn(variables, name) ? variables[name] : undefined);
    if (value === null) missing ??= name;
    return value ?? text;
  });
  if (missing !== null)
    return { problem: `the server "${url}" has a variable "${missing}" without a default` };
  return absolute(filled, settings);
}

function variableDefault(variable: Json | undefined): string | null {
  if (!isJsonObject(variable)) return null;
  const [first] = Array.isArray(variable['enum']) ? (variable['enum'] as readonly Json[]) : [];
  const value = variable['default'] ?? first;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** Swagger 2.0: `schemes`, `host`, `basePath`; what is missing is that of the document's own URL. */
function swaggerServer(root: JsonObject, settings: ServerSettings): ServerChoice {
  const own = isUrl(settings.location) ? new URL(settings.location) : null;
  const host = typeof root['host'] === 'string' && root['host'] !== '' ? root['host'] : own?.host;
  if (host === undefined) return { problem: 'the document names no server' };
  const schemes = Array.isArray(root['schemes']) ? (root['schemes'] as readonly Json[]) : [];
  const scheme = ['https', 'http'].find((name) => schemes.includes(name));
  const fallback = own !== null && own.host === host ? own.protocol.slice(0, -1) : 'https';
  const basePath = typeof root['basePath'] === 'string' ? root['basePath'] : '';
  return absolute(`${scheme ?? fallback}://${host}/${basePath.replace(/^\/+/, '')}`, settings);
}

/** An absolute http(s) URL without credentials, query, fragment and trailing slash. */
function absolute(url: string, settings: ServerSettings): ServerChoice {
  const base = settings.baseUrl ?? (isUrl(settings.location) ? settings.location : undefined);
  if (!URL.canParse(url, base)) {
    const relative = base === undefined && !/^[a-z][a-z0-9+.-]*:/i.test(url);
    return { problem: relative ? `the server "${url}" is relative` : `the server "${url}" is not a URL` };
  }
  const parsed = new URL(url, base);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    return { problem: `the server "${url}" is not an http or https URL` };
  }
  return { url: `${parsed.protocol}//${parsed.host}${parsed.pathname}`.replace(/\/+$/, '') };
}
