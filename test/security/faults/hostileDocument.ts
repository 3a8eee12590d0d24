import type { Fault, FaultWorld } from './faultWorld.js';

export type Json = Record<string, unknown>;

/** A document with one operation of this shape. */
export function documentWith(operation: Json, more: Json = {}, path = '/x'): string {
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Hostile', version: '1' },
    servers: [{ url: 'https://hostile.example' }],
    paths: { [path]: { get: { operationId: 'x', responses: { 200: { description: 'ok' } }, ...operation } } },
    ...more,
  });
}

export function withParameter(schema: unknown, more: Json = {}): string {
  return documentWith({ parameters: [{ name: 'p', in: 'query', schema }] }, more);
}

/** A document as it is, or as it has to be in this world. */
export function documentFault(
  input: string,
  required: string | RegExp,
  document: string | Buffer | ((world: FaultWorld) => string),
): Fault {
  return {
    area: 'document',
    input,
    required,
    run: (world) => world.loaded(typeof document === 'function' ? document(world) : document),
  };
}
