import type { CompileOptions } from '../../lib/tools/tool.js';

/** What the config's defaults give the compiler; `base_url` set, so that no document lacks a server. */
export function compileOptions(changes: Partial<CompileOptions> = {}): CompileOptions {
  return {
    tool_prefix: '',
    separator: '__',
    max_length: 64,
    description_max_length: 1024,
    description_truncation_suffix: '...',
    output_schema: false,
    schema_profile: 'portable',
    base_url: 'https://api.example.com',
    allow_external_refs: false,
    max_size: 64 * 1024 * 1024,
    allow_private_spec_servers: false,
    filters: [],
    ...changes,
  };
}
