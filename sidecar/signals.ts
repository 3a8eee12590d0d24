import type { Logger } from 'pino';
import type { Sidecar } from './sidecar.js';

/** Exit status of a process that a signal ends: 128 + its number, as shells report it. */
const HURRIED_EXIT = { SIGTERM: 143, SIGINT: 130 } as const;

/**
 * SIGTERM and SIGINT drain, then exit 0; a second one exits at once. SIGHUP reloads. Installed before anything is
 * loaded: as process 1 of a container, an unhandled SIGTERM would be ignored.
 */
export function followSignals(sidecar: Sidecar, logger: Logger): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(HURRIED_EXIT[signal]);
      stopping = true;
      logger.info({ signal }, 'signal received');
      void sidecar.stop().finally(() => process.exit(0));
    });
  }
  process.on('SIGHUP', () => sidecar.reload());
}
