import { Sidecar, type SidecarOptions } from './sidecar.js';
import { followSignals } from './signals.js';

/** Resolves once it listens; signals end the process. */
export async function serve(options: SidecarOptions): Promise<void> {
  const sidecar = new Sidecar(options);
  followSignals(sidecar, options.logger);
  await sidecar.start();
}
