import { isJsonObject, type JsonObject } from '../json.js';
import { sizeOf } from './fragment.js';
import type { References } from './references.js';
import { typesOf } from './schemaKeywords.js';
import type { Schemas } from './schemas.js';

export interface OutputSchema {
  readonly schema: JsonObject;
  /** True where the schema describes `{"result": …}` around an array or a primitive. */
  readonly wrapped: boolean;
}

/** Characters of JSON beyond which no output schema is published. */
export const OUTPUT_LIMIT = 32 * 1024;
const JSON_TYPE = /^(?:application|text)\/(?:[\w.-]+\+)?json\b/i;

/**
 * What a successful answer looks like, where that can be said as clients take it: small, without recursion, an
 * object at the root. null otherwise; the tool then has no output schema.
 */
export function outputSchema(
  operation: JsonObject,
  schemas: Schemas,
  references: References,
  swagger: boolean,
): OutputSchema | null {
  for (const response of successResponses(operation, references)) {
    const source = swagger ? response['schema'] : jsonContent(response, references)?.['schema'];
    if (source === undefined || source === null) continue;
    const { schema, definitions } = schemas.expand(source);
    if (definitions.size > 0 || sizeOf(schema) > OUTPUT_LIMIT) return null;
    const types = typesOf(schema['type']);
    if (types.length === 1 && types[0] === 'object') {
      // A relaxed root is still true of every answer.
      const { type, properties, required, description } = schema;
      if (!isJsonObject(properties)) return null;
      return {
        schema: {
          type: type ?? 'object',
          ...(description === undefined ? {} : { description }),
          properties,
          ...(required === undefined ? {} : { required }),
        },
        wrapped: false,
      };
    }
    if (types.length === 0 || types.includes('object')) return null;
    return {
      schema: { type: 'object', properties: { result: schema }, required: ['result'] },
      wrapped: true,
    };
  }
  return null;
}

/** The responses for 2xx statuses, lowest first, a `2XX` range last. */
export function successResponses(operation: JsonObject, references: References): JsonObject[] {
  const responses = isJsonObject(operation['responses']) ? operation['responses'] : {};
  return Object.keys(responses)
    .filter((status) => /^2(?:\d\d|XX)$/i.test(status))
    .sort()
    .map((status) => {
      try {
        return references.object(responses[status], status);
      } catch {
        return null;
      }
    })
    .filter((response) => response !== null);
}

function jsonContent(response: JsonObject, references: References): JsonObject | null {
  const content = isJsonObject(response['content']) ? response['content'] : {};
  const key = Object.keys(content).find((type) => JSON_TYPE.test(type));
  try {
    return key === undefined ? null : references.object(content[key], key);
  } catch {
    return null;
  }
}

/** The `Accept` header: what a success may come as, JSON before all else. */
export function acceptHeader(
  operation: JsonObject,
  references: References,
  produces: readonly string[] | null,
): string {
  const declared =
    produces ??
    successResponses(operation, references).flatMap((response) =>
      isJsonObject(response['content']) ? Object.keys(response['content']) : [],
    );
  const types = [...new Set(declared.map((type) => type.trim()))].filter((type) =>
    /^[\x21-\x7e][\x20-\x7e]*$/.test(type),
  );
  const [first, ...rest] = [
    ...types.filter((type) => JSON_TYPE.test(type)),
    ...types.filter((type) => !JSON_TYPE.test(type)),
  ];
  if (first === undefined) return '*/*';
  return [first, ...rest.slice(0, 7).map((type) => `${type};q=0.5`)].join(', ');
}
