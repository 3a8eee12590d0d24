import { type DestinationStream, type Logger, pino } from 'pino';
import { LogOutput } from './logOutput.js';

/** From quietest to chattiest. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `json`: one object per line, for a log collector. `text`: one readable line each, for a person. */
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** A file descriptor, or anything that takes lines. @default 1 */
  readonly output?: 1 | 2 | DestinationStream;
}

const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'auth_header',
  'client_secret',
  'access_token',
  'api_key',
];

/** The process's own log. What a field name gives away as a credential is never written. */
export function createLogger({ level, format, output = 1 }: LoggerOptions): Logger {
  const lines = typeof output === 'number' ? new LogOutput(output, tellOfGap) : output;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: REDACTED.flatMap((name) => [name, `*.${name}`, `headers["${name}"]`, `*.headers["${name}"]`]),
        censor: '[redacted]',
      },
      serializers: { err: plainError, error: plainError, cause: plainError },
    },
    format === 'json' ? lines : readable(lines),
  );
  return logger;

  function tellOfGap(missing: number): void {
    logger.warn({ lines: missing }, 'log lines are missing here: there was no room for them');
  }
}

/**
 * Errors of HTTP libraries carry the whole request, credentials included; an allow-list of fields is what
 * can be logged of any error.
 */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? error.code : undefined;
  return { type: error.name, ...(typeof code === 'string' ? { code } : {}), message: error.message };
}

function readable(output: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const clock = String(time).slice(11, 19);
      const details = Object.entries(fields).map(([name, value]) => `${name}=${readableValue(value)}`);
      output.write([clock, String(level).toUpperCase().padEnd(5), String(msg), ...details].join(' ') + '\n');
    },
  };
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
}
