import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLogger, type LogFormat } from '../../sidecar/logger.js';
import { MAIN } from '../support/sidecarProcess.js';
import { UnreadPipe } from '../support/unreadPipe.js';
import { until } from '../support/until.js';

function logged(format: LogFormat, write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const output = {
    write(line: string) {
      text += line;
    },
  };
  write(createLogger({ level: 'info', format, output }));
  return text;
}

describe('the log', () => {
  test('is one JSON object per line, with level and ISO time', () => {
    const line = JSON.parse(logged('json', (log) => log.info({ upstream: 'pets' }, 'loaded')));
    expect(line).toEqual({ level: 'info', time: expect.any(String), upstream: 'pets', msg: 'loaded' });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  test('is one readable line as text', () => {
    const line = logged('text', (log) =>
      log.warn({ upstream: 'pets', reason: 'not found' }, 'refresh failed'),
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d WARN {2}refresh failed upstream=pets reason="not found"\n$/);
  });

  test('leaves out what is below its level', () => {
    expect(logged('json', (log) => log.debug({}, 'details'))).toBe('');
  });

  test.each([
    ['a header', { headers: { authorization: 'Bearer s3cret' } }],
    ['a header of a request', { request: { headers: { cookie: 'id=s3cret' } } }],
    ['a field of its own', { token: 's3cret' }],
    ['a field of an object', { oauth: { client_secret: 's3cret' } }],
  ])('never shows a credential in %s', (_where, fields) => {
    const text = logged('json', (log) => log.info(fields, 'x'));
    expect(text).not.toContain('s3cret');
    expect(text).toContain('[redacted]');
  });

  test.each(['err', 'error', 'cause'])(
    'takes of an error in `%s` only what is known to be harmless',
    (field) => {
      const error = Object.assign(new Error('connect failed'), {
        code: 'ECONNREFUSED',
        config: { headers: { Authorization: 's3cret' } },
      });
      const line = JSON.parse(logged('json', (log) => log.error({ [field]: error }, 'x')));
      expect(line[field]).toEqual({ type: 'Error', code: 'ECONNREFUSED', message: 'connect failed' });
    },
  );
});

test.skipIf(process.platform === 'win32')(
  'a log that is not read for long says how many lines are missing, and goes on',
  async () => {
    using pipe = new UnreadPipe();
    const program = `
      import { createLogger } from ${JSON.stringify(join(MAIN, '../logger.js'))};
      const logger = createLogger({ level: 'info', format: 'json' });
      for (let line = 0; line < 20_000; line += 1) logger.info({ text: 'x'.repeat(300) }, 'much');
      process.send('logged');
      process.once('message', () => {
        logger.info({}, 'the last one');
        process.disconnect();
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', pipe.writer, 'inherit', 'ipc'],
    });
    await once(child, 'message');
    let log = '';
    await until(
      () => {
        log += pipe.read();
        return log.includes('missing');
      },
      { within: 10_000 },
    );
    child.send('go on');
    await once(child, 'exit');
    const lines = (log + pipe.read())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const kept = lines.filter(({ msg }) => msg === 'much');
    expect(kept.length).toBeGreaterThan(10_000);
    expect(lines.slice(kept.length)).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        lines: 20_000 - kept.length,
        msg: 'log lines are missing here: there was no room for them',
      },
      { level: 'info', time: expect.any(String), msg: 'the last one' },
    ]);
  },
);
