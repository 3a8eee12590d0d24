import { isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { sampleArguments } from '../../lib/tools/sampleArguments.js';

/** Samplers invent no text for a `pattern`; the first of these that fits is taken. */
const CANDIDATES = [
  'stable',
  'page.yaml',
  '1.2.3',
  'YWJjZA==',
  '0123456789abcdef01234567',
  '0123456789abcdef0123456789abcdef01234567',
  '01234567-89ab-cdef-0123-456789abcdef',
  `sha256:${'0123456789abcdef'.repeat(4)}`,
  '{0123-4567-89ab-cdef-0123-4567-89ab-cdef}',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA',
  '/images/0123456789abcdef01234567',
  '/branches/stable/guides/start',
  '/branches/stable/categories/guides/start',
  '/branches/stable/recipes/start',
  '/branches/stable/apis/page.yaml',
];

/** Fits the first of two objects without required members, and not the second. */
const FIRST_ONLY = { a: 'x', b: 'y', c: 1 };

/**
 * Arguments for operations whose sample is not valid, over the sampled ones; undefined takes one out. Most are
 * for a `oneOf` that is read by the letter: the sample of one alternative fits another one as well.
 */
const INSTEAD: Readonly<Record<string, Readonly<Record<string, Json | undefined>>>> = {
  'api.github.com GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}': { workflow_id: 'ci.yml' },
  'api.github.com GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs': { workflow_id: 'ci.yml' },
  'api.github.com GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/timing': {
    workflow_id: 'ci.yml',
  },
  'api.github.com GET /repos/{owner}/{repo}/pages/deployments/{pages_deployment_id}': {
    pages_deployment_id: 'abc',
  },
  // The document's own example of this is no URI, which its format is.
  'api.github.com POST /orgs/{org}/artifacts/metadata/storage-record': { path: 'https://reg.example.com/a' },
  'api.github.com POST /orgs/{org}/projectsV2/{project_number}/items': { body: { type: 'Issue', id: 1 } },
  'api.github.com POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches': {
    workflow_id: 'ci.yml',
  },
  'api.github.com POST /repos/{owner}/{repo}/code-scanning/codeql/variant-analyses': {
    body: { language: 'go', query_pack: 'YQ==', repositories: ['a/b'] },
  },
  'api.github.com POST /repos/{owner}/{repo}/pages/deployments/{pages_deployment_id}/cancel': {
    pages_deployment_id: 'abc',
  },
  'api.github.com POST /users/{username}/projectsV2/{project_number}/items': {
    body: { type: 'Issue', id: 1 },
  },
  'api.github.com PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable': {
    workflow_id: 'ci.yml',
  },
  'api.github.com PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable': {
    workflow_id: 'ci.yml',
  },
  'complex-nesting POST /multischema/of-everything': { body: ['a'] },
  'complex-nesting POST /top-level-object/of-everything': {
    objectOfAdditionalProperties: { p: { primitive: 'a', boolean: true } },
  },
  'complex-nesting PUT /anything/top-level-array': {
    body: [{ objectOfAdditionalProperties: { p: { primitive: 'a' } }, string: 'a' }],
  },
  'discriminators PATCH /embedded-discriminator': { body: { pet_type: 'Cat', hunts: true, bark: 1 } },
  'discriminators PATCH /improper-discriminator-placement': {
    connector_properties: { connector_type: 'gcsImport', gcs_bucket: 'a', s3_bucket: 1 },
  },
  'discriminators PATCH /nested-one-of-object-with-nested-one-of': { config: FIRST_ONLY },
  'openapi DELETE /items/{collection}/{id}': { id: 'article' },
  'openapi GET /items/{collection}/{id}': { id: 'article' },
  'openapi PATCH /items/{collection}/{id}': { id: 'article' },
  'polymorphism POST /anything/nested-one-of-object-ref': { config: FIRST_ONLY },
  'polymorphism POST /anything/nested-one-of-object-with-nested-one-of': { config: FIRST_ONLY },
  'polymorphism POST /anything/one-of-object': { body: FIRST_ONLY },
  'polymorphism POST /anything/one-of-object-ref': { body: FIRST_ONLY },
  'polymorphism POST /anything/nested-one-of-ref': { config: undefined },
  'polymorphism POST /one-of-complex': {
    body: { listing_id: 1, regulatory_body: 'a', registration: { permit_number: 'a' } },
  },
  'polymorphism POST /one-of-with-type': { event: undefined },
  'readme-legacy POST /docs': { body: { title: 'a', category: 'b' } },
  'schema-additional-properties POST /post': {
    object_with_additionalPropeties_within_an_allOf: undefined,
    object_with_additionalProperties_type_integer: { property1: 1 },
  },
  'schema-deprecated POST /anything': { body: { name: 'a', photoUrls: ['b'] } },
  'schema-types POST /anything/quirks/polymorphism': { incompatible: undefined },
  'schema-validation GET /anything/jsonschema-formats': { duration: 'P1D', 'json-pointer': '/a~1b' },
  'schema-validation GET /anything/strings': {
    'complex-pattern-required': '{0123-4567-89ab-cdef-0123-4567-89ab-cdef}',
  },
  'schema-validation-local GET /anything/jsonschema-formats': { duration: 'P1D', 'json-pointer': '/a~1b' },
  'train-travel POST /bookings': { trip_id: '4f4e4e1c-c824-4d63-b37a-d8d698862f1d' },
};

/**
 * What an agent that has read the tool would call it with.
 * @param document Its file's name without the ending.
 */
export function realArguments(
  document: string,
  operation: string,
  inputSchema: JsonObject,
): Record<string, Json> {
  const sampled = sampleArguments({ inputSchema: withFitting(inputSchema) as JsonObject });
  const instead = INSTEAD[`${document} ${operation}`] ?? {};
  return Object.fromEntries(
    Object.entries({ ...sampled, ...instead }).filter(
      (entry): entry is [string, Json] => entry[1] !== undefined,
    ),
  );
}

function withFitting(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withFitting);
  if (!isJsonObject(schema)) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withFitting(value)]));
  const { pattern, minLength = 0, maxLength = Infinity, examples, default: usual } = schema;
  if (typeof pattern !== 'string' || Object.hasOwn(schema, 'enum')) return copy;
  const own = [usual, ...(Array.isArray(examples) ? (examples as readonly Json[]) : [])];
  const text = [...own, ...CANDIDATES].find(
    (each): each is string =>
      typeof each === 'string' &&
      each.length >= Number(minLength) &&
      each.length <= Number(maxLength) &&
      new RegExp(pattern).test(each),
  );
  return text === undefined ? copy : { ...copy, const: text };
}
