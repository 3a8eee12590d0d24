import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { sampleArguments } from '../../lib/tools/sampleArguments.js';

/** A text for each pattern that documents ask for: samplers do not invent any. */
const FITTING: ReadonlyMap<string, string> = new Map([]);

/** Arguments for operations whose sample is not valid, over the sampled ones; undefined takes one out. */
const INSTEAD: Readonly<Record<string, Readonly<Record<string, Json | undefined>>>> = {};

/** What an agent that has read the tool would call it with. */
export function realArguments(
  document: string,
  operation: string,
  inputSchema: JsonObject,
): Record<string, Json> {
  const sampled = sampleArguments({ inputSchema: withFitting(inputSchema) as JsonObject });
  const instead = INSTEAD[`${document.replace(/\.(?:json|ya?ml)$/, '')} ${operation}`] ?? {};
  return Object.fromEntries(
    Object.entries({ ...sampled, ...instead }).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

function withFitting(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withFitting);
  if (!isJsonObject(schema)) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withFitting(value)]));
  const text = typeof schema['pattern'] === 'string' ? FITTING.get(schema['pattern']) : undefined;
  return text === undefined ? copy : { ...copy, const: text };
}
