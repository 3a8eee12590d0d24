import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { inlineSchema, type SwaggerBodyParameters, swaggerStyle } from './parameterSources.js';
import type { References } from './references.js';
import { OperationProblem } from './references.js';
import type { BodyEncoding, ParameterStyle, ValueStyle } from './tool.js';

/** The body of a request as the document has it, in the one media type that is going to be sent. */
export interface BodySource {
  readonly mediaType: string;
  readonly encoding: BodyEncoding;
  readonly required: boolean;
  readonly description: string;
  /** `{}` if nothing is said. */
  readonly schema: Json;
  /** What `encoding` says of properties, by name. */
  readonly encodings: ReadonlyMap<string, Partial<ValueStyle>>;
}

/** OpenAPI 3.x. null = the operation takes no body. */
export function bodySource(operation: JsonObject, references: References): BodySource | null {
  const body = references.object(operation['requestBody'], 'requestBody');
  if (body === null) return null;
  const content = isJsonObject(body['content']) ? body['content'] : {};
  const [key] = Object.keys(content).sort((a, b) => preference(a) - preference(b));
  if (key === undefined) return null;
  const media = references.object(content[key], `requestBody.content["${key}"]`) ?? {};
  const schema = media['schema'] ?? {};
  const encodings = isJsonObject(media['encoding']) ? media['encoding'] : {};
  return {
    ...sending(key, schema),
    required: body['required'] === true,
    description: typeof body['description'] === 'string' ? body['description'] : '',
    schema,
    encodings: new Map(
      Object.entries(encodings).flatMap(([name, value]) =>
        isJsonObject(value) ? [[name, encodingOf(value)]] : [],
      ),
    ),
  };
}

/** Swagger 2.0: one `body` parameter, or any number of `formData` ones. */
export function swaggerBodySource(
  parameters: SwaggerBodyParameters,
  consumes: readonly string[],
): BodySource | null {
  const { body, form } = parameters;
  const [preferred] = [...consumes].sort((a, b) => preference(a) - preference(b));
  if (body !== null) {
    const schema = body['schema'] ?? {};
    return {
      ...sending(preferred ?? 'application/json', schema),
      required: body['required'] === true,
      description: typeof body['description'] === 'string' ? body['description'] : '',
      schema,
      encodings: new Map(),
    };
  }
  if (form.length === 0) return null;
  const named = form.map((node) => {
    if (typeof node['name'] === 'string') return [node['name'], node] as const;
    throw new OperationProblem('a formData parameter has no name');
  });
  const files = form.some((node) => node['type'] === 'file');
  const stated = consumes.find((type) =>
    /^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type),
  );
  const multipart = files || /^multipart/i.test(stated ?? '');
  const required = named.filter(([, node]) => node['required'] === true).map(([name]) => name);
  return {
    mediaType: files ? 'multipart/form-data' : (stated ?? 'application/x-www-form-urlencoded'),
    encoding: multipart ? 'multipart' : 'form',
    required: required.length > 0,
    description: '',
    schema: {
      type: 'object',
      properties: Object.fromEntries(named.map(([name, node]) => [name, formSchema(node)])),
      ...(required.length > 0 ? { required } : {}),
    },
    encodings: new Map(named.map(([name, node]) => [name, swaggerStyle(node, 'formData')])),
  };
}

function formSchema(node: JsonObject): JsonObject {
  const { description } = node;
  return { ...inlineSchema(node), ...(typeof description === 'string' ? { description } : {}) };
}

const KINDS: readonly (readonly [RegExp, BodyEncoding])[] = [
  [/^(?:application|text)\/json$/, 'json'],
  [/\+json$/, 'json'],
  [/^application\/x-www-form-urlencoded$/, 'form'],
  [/^multipart\/form-data$/, 'multipart'],
  [/^multipart\//, 'multipart'],
  [/^text\/plain$/, 'text'],
  [/^text\/|[/+](?:xml|yaml|x-yaml)$|^application\/(?:x-ndjson|jsonl|graphql|csv|javascript|sql)$/, 'text'],
  [/^application\/(?:octet-stream|pdf|zip|gzip)$|^(?:image|audio|video|font)\//, 'binary'],
];

/** JSON, then what a schema describes, then what is text, then bytes. */
function preference(mediaType: string): number {
  const essence = essenceOf(mediaType);
  const index = KINDS.findIndex(([pattern]) => pattern.test(essence));
  return index === -1 ? KINDS.length : index;
}

/** The concrete media type to send, and how to write it. A range (`*\/*`) is no media type to send. */
function sending(declared: string, schema: Json): Pick<BodySource, 'mediaType' | 'encoding'> {
  const essence = essenceOf(declared);
  const type = isJsonObject(schema) ? schema['type'] : undefined;
  if (essence.includes('*')) {
    if (essence.startsWith('text/')) return { mediaType: 'text/plain', encoding: 'text' };
    const bytes = type === 'string' || /^(?:image|audio|video)\//.test(essence) || isEmpty(schema);
    return bytes && essence !== '*/*'
      ? { mediaType: 'application/octet-stream', encoding: 'binary' }
      : { mediaType: 'application/json', encoding: 'json' };
  }
  const known = KINDS.find(([pattern]) => pattern.test(essence))?.[1];
  if (known !== undefined) return { mediaType: declared.trim(), encoding: known };
  const text =
    type === 'string' &&
    isJsonObject(schema) &&
    schema['format'] === undefined &&
    essence.startsWith('application/');
  if (text) return { mediaType: declared.trim(), encoding: 'text' };
  const structured = type === 'object' || type === 'array';
  return { mediaType: declared.trim(), encoding: structured ? 'json' : 'binary' };
}

function isEmpty(schema: Json): boolean {
  return isJsonObject(schema) && Object.keys(schema).length === 0;
}

function essenceOf(mediaType: string): string {
  return mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** An Encoding Object; what it does not say is left to the defaults. */
function encodingOf(node: JsonObject): Partial<ValueStyle> {
  const { style, explode, allowReserved, contentType } = node;
  const styled =
    typeof style === 'string' || typeof explode === 'boolean' || typeof allowReserved === 'boolean';
  return {
    ...(styled ? { style: (typeof style === 'string' ? style : 'form') as ParameterStyle } : {}),
    ...(typeof explode === 'boolean' ? { explode } : {}),
    ...(typeof allowReserved === 'boolean' ? { allowReserved } : {}),
    // "contentType … SHALL be ignored" beside style, explode and allowReserved in a form (Encoding Object).
    ...(typeof contentType === 'string' && !styled ? { contentType } : {}),
  };
}
