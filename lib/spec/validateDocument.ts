import type Validator from '@apidevtools/swagger-parser';
import { messageOf } from '../errors.js';
import type { JsonObject } from '../json.js';
import { dialectOf } from './dialect.js';

const MAX_LINES = 20;

/**
 * What a validator says of a prepared document: advice, since real documents fail it and work all the same.
 * Takes seconds for large documents.
 *
 * @returns one line each, at most 20 and one that counts the rest; empty = nothing to say.
 */
export async function validateDocument(root: JsonObject): Promise<string[]> {
  const { label } = dialectOf(root);
  if (!/^(?:swagger 2\.0|openapi 3\.[01])$/.test(label))
    return [`not validated: no schema is known for ${label}`];
  try {
    // Loaded here, so that builds, which never validate, start without it.
    const { default: SwaggerParser } = await import('@apidevtools/swagger-parser');
    // The validator changes what it is given. References are local by now, and stay unresolved where they are not.
    const copy = structuredClone(root) as unknown as Parameters<typeof Validator.validate>[0];
    await SwaggerParser.validate(copy, { resolve: { external: false }, dereference: { circular: 'ignore' } });
    return [];
  } catch (error) {
    const lines = [...new Set(linesOf(error))];
    const rest = lines.length - MAX_LINES;
    return rest > 0 ? [...lines.slice(0, MAX_LINES), `and ${rest} more`] : lines;
  }
}

interface Finding {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: { readonly additionalProperty?: string; readonly unevaluatedProperty?: string };
}

/** A schema error carries ajv's findings, one per place. */
function linesOf(error: unknown): string[] {
  const details = (error as { details?: unknown } | null)?.details;
  if (!Array.isArray(details)) return [oneLine(messageOf(error))];
  return details.map(({ instancePath, message, params }: Finding) => {
    const key = params?.additionalProperty ?? params?.unevaluatedProperty;
    return oneLine(`#${instancePath || '/'} ${message}${key === undefined ? '' : `: "${key}"`}`);
  });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
