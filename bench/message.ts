/** Headers of every request, as the official clients send them. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'gzip, deflate',
};

const CLIENT = { name: 'bench', version: '1.0.0' };

export const INITIALIZE = message('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: CLIENT,
});

export const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

/** Answered by every server, whether it has sessions or not, and without leaving one behind. */
export const PING = message('ping', {});

/** One JSON-RPC request. */
export function message(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}
