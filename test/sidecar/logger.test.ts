import { describe, expect, test } from 'vitest';
import { createLogger, type LogFormat } from '../../sidecar/logger.js';

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
