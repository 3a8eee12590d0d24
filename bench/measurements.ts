import type { Machine } from './machine.js';
import type { ChangeFigures } from './parts/changes.js';
import type { MemoryFigures } from './parts/memory.js';
import type { ReloadingFigures } from './parts/reloading.js';
import type { RequestFigures } from './parts/requests.js';
import type { StartUpFigures } from './parts/startUp.js';

/** Everything one run has measured, raw. */
export interface Measurements {
  /** ISO 8601. */
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly candidates: Readonly<Record<string, { readonly title: string; readonly role: string }>>;
  readonly parts: Parts;
}

/** A part that was not run is absent. */
export interface Parts {
  call?: RequestFigures;
  list?: RequestFigures;
  reload?: readonly ReloadingFigures[];
  change?: ChangeFigures;
  memory?: MemoryFigures;
  start?: StartUpFigures;
}
