import { AjvJsonSchemaValidator as LegacyValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { AjvJsonSchemaValidator as ModernValidator } from '@modelcontextprotocol/server/validators/ajv';

/** What every server of either era declares. */
export const CAPABILITIES = { tools: { listChanged: true } };

/** @param version Of this package. */
export function serverInfo(version: string): { name: string; version: string } {
  return { name: 'mcp-anything', version };
}

// A server without a validator of its own makes one: too dear for an object that lives for one request.
export const legacyValidator = new LegacyValidator();
export const modernValidator = new ModernValidator();
