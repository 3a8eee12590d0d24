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

/**
 * A host's logger that may fail, as one whose transport has been closed: what it throws would otherwise end whatever
 * it is told of.
 * @param logger @default silentLogger
 */
export function guardedLogger(logger: Logger = silentLogger): Logger {
  return new GuardedLogger(logger);
}

/** Written out: every call asks for `debug`, and a method found by its name would cost more than the line. */
class GuardedLogger implements Logger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(fields: object, message: string): void {
    try {
      this.#logger.debug(fields, message);
    } catch {
      // There is nobody else to tell.
    }
  }

  info(fields: object, message: string): void {
    try {
      this.#logger.info(fields, message);
    } catch {}
  }

  warn(fields: object, message: string): void {
    try {
      this.#logger.warn(fields, message);
    } catch {}
  }

  error(fields: object, message: string): void {
    try {
      this.#logger.error(fields, message);
    } catch {}
  }
}
