import { expect, it } from 'vitest';
import type { ServerConfig } from '../../lib/config/config.js';
import { loadConfig } from '../../lib/config/load.js';
import { restartRequired } from '../../lib/reload/restartRequired.js';

/** What requests, streams and reloads read from the table; the listener and the end of the process have the rest. */
const APPLIED = [
  'max_request_body',
  'startup_validation_timeout',
  'allowed_hosts',
  'allowed_origins',
  'max_concurrent_requests',
  'max_streams_per_address',
];

it('every key of the server section either applies or is reported, none is ignored', async () => {
  const document = { upstreams: [{ name: 'a', openapi: { source: './a.json' } }] };
  const { config } = await loadConfig(document, { directory: '/', env: {}, use: 'sidecar' });
  const keys = Object.keys(config.server) as (keyof ServerConfig)[];
  const reported = keys.filter((key) => {
    const next = { ...config.server, [key]: 'something else' };
    return restartRequired(config.server, next).join() === `server.${key}`;
  });
  expect([...reported, ...APPLIED].toSorted()).toEqual(keys.toSorted());
  expect(restartRequired(config.server, config.server)).toEqual([]);
});
