import { getPriority, setPriority } from 'node:os';

/** Enough to let requests go first, and not so much that a busy server's builds would miss their deadline. */
const NICENESS = 10;

/** Of the thread that calls on Linux, and of the threads it makes from now on; elsewhere of the whole process. */
export function giveWay(): void {
  // Only a privileged process could take back what it was started with.
  if (getPriority() < NICENESS) setPriority(NICENESS);
}
