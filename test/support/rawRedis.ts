import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends commands on a connection of its own, and gives back everything that was answered. */
export async function rawRedis(port: number, ...commands: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  try {
    await once(socket, 'connect');
    socket.write([...commands, 'QUIT', ''].join('\r\n'));
    await once(socket, 'end', { signal: AbortSignal.timeout(2_000) });
    return answer;
  } finally {
    socket.destroy();
  }
}
