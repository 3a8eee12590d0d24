import { type BatteryCase, call, error, legacy, OK, REGULAR, rpc } from './batteryCase.js';

export const legacyLists: readonly BatteryCase[] = [
  legacy('list without params', rpc('tools/list'), REGULAR),
  legacy('list with empty params', rpc('tools/list', {}), REGULAR),
  legacy('list with a string id', rpc('tools/list', {}, 'a'), REGULAR),
  legacy('list with an id of hostile characters', rpc('tools/list', {}, '"\\\u0000\u2028<é😀'), REGULAR),
  legacy('list with an empty id', rpc('tools/list', {}, ''), REGULAR),
  legacy('list with id 0', rpc('tools/list', {}, 0), REGULAR),
  legacy('list with a negative id', rpc('tools/list', {}, -7), REGULAR),
  legacy('list with the largest safe id', rpc('tools/list', {}, Number.MAX_SAFE_INTEGER), REGULAR),
  legacy(
    'list with an unsafe id',
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}',
    error(400, -32600),
  ),
  legacy('list with a fractional id', rpc('tools/list', {}, 1.5), error(400, -32600)),
  legacy('list with id null', rpc('tools/list', {}, null), error(400, -32600)),
  legacy('list with id true', rpc('tools/list', {}, true), error(400, -32600)),
  legacy('list with an object id', rpc('tools/list', {}, {}), error(400, -32600)),
  legacy('list with an exponent id', '{"jsonrpc":"2.0","id":1e2,"method":"tools/list"}', REGULAR),
  legacy('list with id -0', '{"jsonrpc":"2.0","id":-0,"method":"tools/list"}', REGULAR),
  legacy(
    'list in another member order',
    '{"params":{},"method":"tools/list","id":1,"jsonrpc":"2.0"}',
    REGULAR,
  ),
  legacy(
    'list with white space',
    ' \n{ "jsonrpc" : "2.0" , "id" : 1 , "method" : "tools/list" }\r\n ',
    REGULAR,
  ),
  legacy('list with a duplicate id', '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}', REGULAR),
  legacy('list with a byte order mark', `\uFEFF${rpc('tools/list')}`, REGULAR),
  legacy('list with version 2025-11-25', rpc('tools/list'), REGULAR, {
    'MCP-Protocol-Version': '2025-11-25',
  }),
  legacy('list with version 2025-06-18', rpc('tools/list'), REGULAR, {
    'MCP-Protocol-Version': '2025-06-18',
  }),
  legacy('list with version 2025-03-26', rpc('tools/list'), REGULAR, {
    'MCP-Protocol-Version': '2025-03-26',
  }),
  legacy('list with version 2024-11-05', rpc('tools/list'), REGULAR, {
    'MCP-Protocol-Version': '2024-11-05',
  }),
  legacy('list with version 2024-10-07', rpc('tools/list'), REGULAR, {
    'MCP-Protocol-Version': '2024-10-07',
  }),
  legacy('list with an unknown version', rpc('tools/list'), error(400, -32000), {
    'MCP-Protocol-Version': '1999-01-01',
  }),
  legacy('list with an empty version', rpc('tools/list'), error(400, -32000), { 'MCP-Protocol-Version': '' }),
  legacy('list with two versions', rpc('tools/list'), error(400, -32000), {
    'MCP-Protocol-Version': '2025-06-18, 2025-11-25',
  }),
  legacy('list with a session id', rpc('tools/list'), REGULAR, { 'Mcp-Session-Id': 'gone' }),
  legacy('list with stray Mcp headers', rpc('tools/list'), REGULAR, {
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'x',
  }),
  legacy('list with a charset', rpc('tools/list'), REGULAR, {
    'Content-Type': 'application/json; charset=utf-8',
  }),
  legacy('list with an upper-case type', rpc('tools/list'), REGULAR, { 'Content-Type': 'Application/JSON' }),
  legacy('list with another parameter', rpc('tools/list'), OK, {
    'Content-Type': 'application/json; profile=x',
  }),
  legacy('list with a broken parameter', rpc('tools/list'), OK, { 'Content-Type': 'application/json;' }),
  legacy('list as text', rpc('tools/list'), error(415, -32000), { 'Content-Type': 'text/plain' }),
  legacy('list as text that names JSON', rpc('tools/list'), error(415, -32000), {
    'Content-Type': 'text/plain; a=application/json',
  }),
  legacy('list without a content type', rpc('tools/list'), error(415, -32000), { 'Content-Type': null }),
  legacy('list with the types the other way round', rpc('tools/list'), REGULAR, {
    Accept: 'text/event-stream,application/json',
  }),
  legacy('list with weighted types', rpc('tools/list'), REGULAR, {
    Accept: 'text/event-stream;q=0.5, application/json;q=1, */*',
  }),
  legacy('list that accepts JSON only', rpc('tools/list'), error(406, -32000), {
    Accept: 'application/json',
  }),
  legacy('list that accepts events only', rpc('tools/list'), error(406, -32000), {
    Accept: 'text/event-stream',
  }),
  legacy('list that accepts anything', rpc('tools/list'), error(406, -32000), { Accept: '*/*' }),
  legacy('list without Accept', rpc('tools/list'), error(406, -32000), { Accept: null }),
  legacy('list with a made-up cursor', rpc('tools/list', { cursor: 'nonsense' }), error(200, -32602)),
  legacy('list with an empty cursor', rpc('tools/list', { cursor: '' }), error(200, -32602)),
  legacy('list with a huge cursor', rpc('tools/list', { cursor: 'x'.repeat(50_000) }), error(200, -32602)),
  legacy(
    'list with a cursor of another list',
    rpc('tools/list', { cursor: Buffer.from(`${'0'.repeat(32)}.3`).toString('base64url') }),
    error(200, -32602),
  ),
  legacy('list with a numeric cursor', rpc('tools/list', { cursor: 3 }), error(200, -32603)),
  legacy('list with cursor null', rpc('tools/list', { cursor: null }), error(200, -32603)),
  legacy('list with an unknown param', rpc('tools/list', { extra: 1 }), OK),
  legacy('list with params null', rpc('tools/list', null), error(400, -32600)),
  legacy('list with params as a list', rpc('tools/list', []), error(400, -32600)),
  legacy('list with params as text', rpc('tools/list', 'x'), error(400, -32600)),
  legacy(
    'list with an unknown member',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","extra":1}',
    error(400, -32600),
  ),
  legacy(
    'list with a __proto__ member',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","__proto__":{"x":1}}',
    error(400, -32600),
  ),
  legacy('list with empty _meta', rpc('tools/list', { _meta: {} }), REGULAR),
  legacy('list with a progress token', rpc('tools/list', { _meta: { progressToken: 5 } }), REGULAR),
  legacy(
    'list with foreign _meta',
    rpc('tools/list', { _meta: { 'com.example/trace': { a: [1] } } }),
    REGULAR,
  ),
  legacy('list with _meta as text', rpc('tools/list', { _meta: 'x' }), error(400, -32600)),
  legacy(
    'list with a bad progress token',
    rpc('tools/list', { _meta: { progressToken: {} } }),
    error(400, -32600),
  ),
  legacy(
    'list of a related task',
    rpc('tools/list', { _meta: { 'io.modelcontextprotocol/related-task': { taskId: 't' } } }),
    OK,
  ),
  legacy('list without jsonrpc', '{"id":1,"method":"tools/list"}', error(400, -32600)),
  legacy('list with jsonrpc 1.0', '{"jsonrpc":"1.0","id":1,"method":"tools/list"}', error(400, -32600)),
  legacy('list with jsonrpc as a number', '{"jsonrpc":2.0,"id":1,"method":"tools/list"}', error(400, -32600)),
];

export const legacyCalls: readonly BatteryCase[] = [
  legacy('call without arguments', rpc('tools/call', call('echo')), REGULAR),
  legacy('call with empty arguments', rpc('tools/call', call('echo', {})), REGULAR),
  legacy(
    'call with arguments',
    rpc('tools/call', call('echo', { body: { a: [1, null, 'é😀\u2028'] } })),
    REGULAR,
  ),
  legacy('call with deep arguments', rpc('tools/call', call('echo', { body: nested(50) })), REGULAR),
  legacy(
    'call with integer-like keys',
    rpc('tools/call', call('echo', { body: { b: 1, 2: 2, 1: 1 } })),
    REGULAR,
  ),
  legacy(
    'call with a __proto__ argument',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"__proto__":{"body":1}}}}',
    OK,
  ),
  legacy(
    'call with a __proto__ deep inside',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"body":{"__proto__":{"x":1}}}}}',
    REGULAR,
  ),
  legacy(
    'call with a constructor argument',
    rpc('tools/call', call('echo', { constructor: 1, toString: 2 })),
    REGULAR,
  ),
  legacy('call with unknown arguments', rpc('tools/call', call('strict', { wrong: 1 })), REGULAR),
  legacy('call with missing arguments', rpc('tools/call', call('strict', {})), REGULAR),
  legacy('call with good arguments', rpc('tools/call', call('strict', { body: { count: 1 } })), REGULAR),
  legacy('call of text', rpc('tools/call', call('text')), REGULAR),
  legacy('call of an image', rpc('tools/call', call('image')), REGULAR),
  legacy('call of audio', rpc('tools/call', call('audio')), REGULAR),
  legacy('call of a PDF', rpc('tools/call', call('pdf')), REGULAR),
  legacy('call of nothing', rpc('tools/call', call('empty')), REGULAR),
  legacy('call of a list', rpc('tools/call', call('list')), REGULAR),
  legacy('call of a JSON with __proto__', rpc('tools/call', call('proto')), { status: 200, regular: true }),
  legacy('call of a problem', rpc('tools/call', call('problem')), REGULAR),
  legacy('call of a dead upstream', rpc('tools/call', call('dead')), REGULAR),
  legacy('call of an unknown tool', rpc('tools/call', call('nobody')), error(200, -32602)),
  legacy('call of a tool named constructor', rpc('tools/call', call('constructor')), error(200, -32602)),
  legacy('call of a tool named __proto__', rpc('tools/call', call('__proto__')), error(200, -32602)),
  legacy('call of a huge name', rpc('tools/call', call('n'.repeat(50_000))), error(200, -32602)),
  legacy('call of an empty name', rpc('tools/call', call('')), error(200, -32602)),
  legacy('call of a numeric name', rpc('tools/call', call(5)), error(200, -32603)),
  legacy('call of name null', rpc('tools/call', call(null)), error(200, -32603)),
  legacy('call without a name', rpc('tools/call', {}), error(200, -32603)),
  legacy('call without params', rpc('tools/call'), error(200, -32603)),
  legacy('call with arguments null', rpc('tools/call', call('echo', null)), error(200, -32603)),
  legacy('call with arguments as a list', rpc('tools/call', call('echo', [])), error(200, -32603)),
  legacy('call with arguments as text', rpc('tools/call', call('echo', 'x')), error(200, -32603)),
  legacy('call as a task', rpc('tools/call', call('echo', {}, { task: { ttl: 1 } })), error(200, -32603)),
  legacy('call with an unknown param', rpc('tools/call', call('echo', {}, { extra: 1 })), OK),
  legacy(
    'call with a progress token',
    rpc('tools/call', call('echo', {}, { _meta: { progressToken: 'p' } })),
    REGULAR,
  ),
  legacy(
    'call with a fractional token',
    rpc('tools/call', call('echo', {}, { _meta: { progressToken: 1.5 } })),
    error(400, -32600),
  ),
  legacy('call with version 2025-11-25', rpc('tools/call', call('echo', { body: 1 })), REGULAR, {
    'MCP-Protocol-Version': '2025-11-25',
  }),
  legacy('call with an unknown version', rpc('tools/call', call('echo')), error(400, -32000), {
    'MCP-Protocol-Version': '1999-01-01',
  }),
  legacy('call with a version later than any', rpc('tools/call', call('echo')), error(400, -32602), {
    'MCP-Protocol-Version': '2030-01-01',
  }),
  legacy('call without Accept', rpc('tools/call', call('echo')), error(406, -32000), { Accept: null }),
  legacy('call as a notification', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}', {
    status: 202,
  }),
];

export const legacyOthers: readonly BatteryCase[] = [
  legacy('initialize', initialize('2025-11-25'), OK),
  legacy('initialize of 2024-11-05', initialize('2024-11-05'), OK),
  legacy('initialize of the future', initialize('2099-01-01'), OK),
  legacy('initialize with an unknown version header', initialize('2025-06-18'), OK, {
    'MCP-Protocol-Version': '1999-01-01',
  }),
  legacy('initialize without params', rpc('initialize'), error(400, -32000), {
    'MCP-Protocol-Version': '1999-01-01',
  }),
  legacy('ping', rpc('ping'), OK),
  legacy('ping with params', rpc('ping', { _meta: {} }), OK),
  legacy('initialized notification', '{"jsonrpc":"2.0","method":"notifications/initialized"}', {
    status: 202,
  }),
  legacy(
    'cancelled notification',
    '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
    { status: 202 },
  ),
  legacy('posted result', '{"jsonrpc":"2.0","id":1,"result":{}}', { status: 202 }),
  legacy('posted error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}', { status: 202 }),
  legacy('unknown method', rpc('nothing/here'), error(200, -32601)),
  legacy('method __proto__', rpc('__proto__'), error(200, -32601)),
  legacy('method of other servers', rpc('resources/list'), error(200, -32601)),
  legacy('discover without an envelope', rpc('server/discover'), error(200, -32601)),
  legacy(
    'listen without an envelope',
    rpc('subscriptions/listen', { notifications: { toolsListChanged: true } }),
    error(200, -32601),
  ),
  legacy('numeric method', rpc(5), error(400, -32600)),
  legacy('empty body', '', error(400, -32700)),
  legacy('white space', '  \n', error(400, -32700)),
  legacy('bad JSON', '{"jsonrpc":"2.0","id":1,', error(400, -32700)),
  legacy('two JSON texts', `${rpc('ping')}${rpc('ping')}`, error(400, -32700)),
  legacy('two byte order marks', `\uFEFF\uFEFF${rpc('tools/list')}`, error(200, -32603)),
  legacy('invalid UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), error(400, -32700)),
  legacy('UTF-16', Buffer.from(rpc('ping'), 'utf16le'), error(400, -32700)),
  legacy('null', 'null', error(400, -32600)),
  legacy('a number', '5', error(400, -32600)),
  legacy('a text', '"tools/list"', error(400, -32600)),
  legacy('an empty object', '{}', error(400, -32600)),
  legacy('deep nesting', '['.repeat(60_000), error(400, -32700)),
  legacy('an empty batch', '[]', error(400, -32600)),
  legacy('a batch of one', `[${rpc('ping')}]`, OK),
  legacy(
    'a batch of lists and calls',
    `[${rpc('ping', undefined, 1)},${rpc('tools/call', call('echo', { body: 1 }), 2)}]`,
    OK,
  ),
  legacy('a batch of notifications', '[{"jsonrpc":"2.0","method":"notifications/initialized"}]', {
    status: 202,
  }),
  legacy(
    'a batch with initialize',
    `[${initialize('2025-03-26')},${rpc('ping', undefined, 2)}]`,
    error(400, -32600),
  ),
  legacy('a batch with a bad message', `[${rpc('ping')},5]`, error(400, -32600)),
  legacy(
    'a batch of too many',
    `[${Array.from({ length: 101 }, (_, id) => rpc('ping', undefined, id)).join(',')}]`,
    error(400, -32600),
  ),
  legacy(
    'a batch that cancels itself',
    `[${rpc('tools/call', call('echo'), 1)},{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}]`,
    OK,
  ),
  legacy('too much', 'x'.repeat(70_000), error(413, -32000)),
  legacy('a length that is too much', '{}', error(413, -32000), { 'Content-Length': '70000' }),
];

function initialize(protocolVersion: string): string {
  return rpc('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '1' } });
}

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level += 1) value = { [`level${level}`]: value };
  return value;
}
