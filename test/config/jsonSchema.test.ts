import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../lib/config/jsonSchema.js';
import { parseText } from '../../lib/yaml.js';
import { configKeys } from '../support/configKeys.js';

const root = resolve(import.meta.dirname, '../..');
const validate = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(configJsonSchema());

function errorsOf(value: unknown): readonly ErrorObject[] {
  return validate(value) ? [] : (validate.errors ?? []);
}

function errorsOfFile(path: string): readonly ErrorObject[] {
  return errorsOf(parseText(readFileSync(path, 'utf8')));
}

/** Config files of the examples: what their first line says they are. */
function exampleConfigs(): string[] {
  return readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.includes('node_modules'))
    .filter((name) =>
      readFileSync(join(root, 'examples', name), 'utf8').startsWith('# yaml-language-server: $schema='),
    )
    .sort();
}

const PETS = { name: 'pets', openapi: { source: 'a' } };

describe('the JSON Schema of the config', () => {
  test('is draft-07, and knows every key by a description', () => {
    expect(configJsonSchema()['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(configKeys().filter(({ schema }) => typeof schema['description'] !== 'string')).toEqual([]);
  });

  test('is put where the package and editors look for it by the last step of the build', () => {
    execFileSync(process.execPath, [join(root, 'dist/lib/config/writeJsonSchema.js')]);
    const written: unknown = JSON.parse(readFileSync(join(root, 'dist/config.schema.json'), 'utf8'));
    expect(written).toEqual(configJsonSchema());
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(exports['./config.schema.json']).toBe('./dist/config.schema.json');
  });

  test('accepts the complete example', () => {
    expect(errorsOfFile(join(root, 'test/fixtures/config/complete.yaml'))).toEqual([]);
  });

  test('the complete example has every key that there is', () => {
    const given = new Set(
      pathsOf(parseText(readFileSync(join(root, 'test/fixtures/config/complete.yaml'), 'utf8')), ''),
    );
    const missing = configKeys()
      .map(({ path }) => path)
      // Sections that may be repeated in other places are shown in one of them.
      .filter(
        (path) =>
          !/^(groups\[\]|upstreams\[\])\.inbound_auth\.|^inbound_auth\.(introspection|apikey)/.test(path),
      )
      .filter((path) => !given.has(path.replaceAll('<name>', '*')));
    expect(missing).toEqual([]);
  });

  test.each(exampleConfigs())('accepts examples/%s', (name) => {
    expect(errorsOfFile(join(root, 'examples', name))).toEqual([]);
  });

  test('there are examples to accept', () => {
    expect(exampleConfigs()).toEqual(
      expect.arrayContaining(['express-gateway/mcp.yaml', 'quickstart/mcp.yaml']),
    );
  });

  test.each<[string, object]>([
    [
      'variables in place of numbers, booleans and words',
      {
        server: { port: '$' + '{PORT:-1}' },
        tools: { output_schema: '$' + '{A}', schema_profile: '$' + '{B}' },
        upstreams: [{ ...PETS, timeout: '$' + '{T}', max_response_body: '$' + '{S}' }],
      },
    ],
    ['empty sections', { server: null, groups: null, upstreams: [{ ...PETS, tls: null, headers: null }] }],
    [
      'an overlay alone and in a list',
      {
        upstreams: [
          { ...PETS, overlay: { source: 'a' } },
          { ...PETS, overlay: [{ source: 'a' }] },
        ],
      },
    ],
    ['0 without a unit', { reload: { poll_interval: 0 }, upstreams: [PETS] }],
    ['bytes without a unit', { server: { max_request_body: 1000 }, upstreams: [PETS] }],
    [
      'shares in both notations',
      {
        reload: { max_tool_removal: '12.5%' },
        circuit_breakers: { a: { threshold: 0.5 } },
        upstreams: [PETS],
      },
    ],
    [
      'null where null is the default',
      { server: { admin_port: null }, upstreams: [{ ...PETS, base_url: null }] },
    ],
    ['no prefix', { upstreams: [{ ...PETS, tool_prefix: '' }] }],
  ])('accepts %s', (_name, config) => {
    expect(errorsOf(config)).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['no upstreams', {}, ''],
    ['a list', [], ''],
    ['an unknown section', { sever: {}, upstreams: [PETS] }, ''],
    ['an unknown key', { upstreams: [{ ...PETS, base_ulr: 'https://a' }] }, '/upstreams/0'],
    ['an upstream without a document', { upstreams: [{ name: 'a' }] }, '/upstreams/0'],
    ['a program', { upstreams: [{ ...PETS, type: 'command' }] }, '/upstreams/0/type'],
    ['a wrong duration', { upstreams: [{ ...PETS, timeout: 'soon' }] }, '/upstreams/0/timeout'],
    ['a duration without a unit', { upstreams: [{ ...PETS, timeout: 30 }] }, '/upstreams/0/timeout'],
    [
      'a wrong size',
      { upstreams: [{ ...PETS, max_response_body: '1TB' }] },
      '/upstreams/0/max_response_body',
    ],
    [
      'a share above everything',
      { reload: { max_tool_removal: '150%' }, upstreams: [PETS] },
      '/reload/max_tool_removal',
    ],
    ['a port out of range', { server: { port: 70_000 }, upstreams: [PETS] }, '/server/port'],
    ['null where there is no null', { server: { port: null }, upstreams: [PETS] }, '/server/port'],
    [
      'no such word',
      { naming: { conflict_resolution: 'last' }, upstreams: [PETS] },
      '/naming/conflict_resolution',
    ],
    ['callers without a strategy', { inbound_auth: { jwt: {} }, upstreams: [PETS] }, '/inbound_auth'],
    [
      'an endpoint without its slash',
      { upstreams: [PETS], groups: [{ name: 'g', endpoint: 'mcp', upstreams: ['pets'] }] },
      '/groups/0/endpoint',
    ],
    [
      'a status that is none',
      { upstreams: [{ ...PETS, validation: { success_status: ['ok'] } }] },
      '/upstreams/0/validation/success_status/0',
    ],
  ])('refuses %s', (_name, config, place) => {
    expect(errorsOf(config).map(({ instancePath }) => instancePath)).toContain(place);
  });
});

/** The paths of a value as `configKeys` writes them, names of the operator's choosing as `*`. */
function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  // A single overlay stands for a list of one.
  const place = path.endsWith('.overlay') ? `${path}[]` : path;
  const chosen = /^(rate_limits|circuit_breakers)$|\.schemes$/.test(path);
  return Object.entries(value).flatMap(([name, item]) => {
    const child = place === '' ? name : `${place}.${chosen ? '*' : name}`;
    return [child, ...pathsOf(item, child)];
  });
}
