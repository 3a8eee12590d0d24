// Lists the tools of each endpoint given as an argument; fails when one does not answer or has none.
const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...(process.env.MCP_AUTHORIZATION ? { authorization: process.env.MCP_AUTHORIZATION } : {}),
  ...(process.env.MCP_API_KEY ? { 'x-api-key': process.env.MCP_API_KEY } : {}),
};

async function listTools(url) {
  const names = [];
  let cursor;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params });
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    if (response.status === 401 || response.status === 403)
      throw new Error(`${response.status}: set tests.env to MCP_AUTHORIZATION or MCP_API_KEY`);
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    const { result, error } = JSON.parse(text.match(/^data: (.*)$/m)?.[1] ?? text);
    if (error) throw new Error(error.message);
    names.push(...result.tools.map((tool) => tool.name));
    cursor = result.nextCursor;
  } while (cursor !== undefined);
  return names;
}

for (const url of process.argv.filter((argument) => argument.startsWith('http'))) {
  try {
    const names = await listTools(url);
    console.log(`${url}: ${names.length} tools${names.map((name) => `\n  ${name}`).join('')}`);
    if (names.length === 0) process.exitCode = 1;
  } catch (error) {
    console.error(`${url}: ${error.cause?.message ?? error.message}`);
    process.exitCode = 1;
  }
}
