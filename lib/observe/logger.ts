/** What the library needs of a logger; a `pino` logger is one. Fields first, then the sentence. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function ignore(): void {}

/** For a host that wants no log lines. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
