import { type BatteryCase, error, LEGACY, rpc } from './batteryCase.js';
import { legacyCalls, legacyLists, legacyOthers } from './batteryLegacy.js';
import { modernCases } from './batteryModern.js';

const methods: readonly BatteryCase[] = [
  {
    name: 'GET that accepts JSON',
    request: { method: 'GET', headers: { Accept: 'application/json' } },
    ...error(406, -32000),
  },
  { name: 'GET without Accept', request: { method: 'GET' }, ...error(406, -32000) },
  {
    name: 'GET with an unknown version',
    request: { method: 'GET', headers: { Accept: 'text/event-stream', 'MCP-Protocol-Version': 'x' } },
    ...error(400, -32000),
  },
  {
    name: 'GET of revision 2026-07-28',
    request: {
      method: 'GET',
      headers: { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2026-07-28' },
    },
    ...error(405, -32000),
  },
  {
    name: 'DELETE',
    request: { method: 'DELETE', headers: { 'Mcp-Session-Id': 'x' } },
    ...error(405, -32000),
  },
  {
    name: 'PUT',
    request: { method: 'PUT', headers: LEGACY, body: rpc('tools/list') },
    ...error(405, -32000),
  },
  {
    name: 'PATCH',
    request: { method: 'PATCH', headers: LEGACY, body: rpc('tools/list') },
    ...error(405, -32000),
  },
  { name: 'OPTIONS', request: { method: 'OPTIONS' }, ...error(405, -32000) },
];

/** Regular, irregular and hostile requests of both eras. */
export const battery: readonly BatteryCase[] = [
  ...legacyLists,
  ...legacyCalls,
  ...legacyOthers,
  ...modernCases,
  ...methods,
];
