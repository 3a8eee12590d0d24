import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { References } from './references.js';
import type { SecurityRequirement } from './tool.js';

const TYPES: ReadonlySet<string> = new Set(['apiKey', 'http', 'oauth2', 'openIdConnect', 'mutualTLS']);

/** What an operation asks for, its own word over the document's; null = neither says anything. */
export function securityOf(
  operation: JsonObject,
  root: JsonObject,
  references: References,
): readonly (readonly SecurityRequirement[])[] | null {
  const stated = operation['security'] ?? root['security'];
  if (!Array.isArray(stated)) return null;
  const alternatives = (stated as readonly Json[]).filter(isJsonObject);
  // An empty list takes a document-wide requirement back: anonymous.
  if (alternatives.length === 0) return [[]];
  return alternatives.map((requirement) =>
    Object.keys(requirement).map((name) => requirementOf(name, root, references)),
  );
}

function requirementOf(name: string, root: JsonObject, references: References): SecurityRequirement {
  const scheme = schemeOf(name, root, references);
  const type = scheme?.['type'];
  const place = scheme?.['in'];
  const key = scheme?.['name'];
  const httpScheme = scheme?.['scheme'];
  // Swagger 2.0 has `type: basic`.
  if (type === 'basic') return { scheme: name, type: 'http', in: null, name: null, httpScheme: 'basic' };
  return {
    scheme: name,
    type: typeof type === 'string' && TYPES.has(type) ? (type as SecurityRequirement['type']) : 'unknown',
    in: place === 'header' || place === 'query' || place === 'cookie' ? place : null,
    name: typeof key === 'string' ? key : null,
    httpScheme: typeof httpScheme === 'string' ? httpScheme.toLowerCase() : null,
  };
}

/** By component name; OpenAPI 3.2 also takes a URI. */
function schemeOf(name: string, root: JsonObject, references: References): JsonObject | null {
  const components = isJsonObject(root['components']) ? root['components'] : {};
  const schemes = components['securitySchemes'] ?? root['securityDefinitions'];
  const named = isJsonObject(schemes) && Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  try {
    return references.object(named ?? (name.startsWith('#') ? { $ref: name } : undefined), name);
  } catch {
    return null;
  }
}
