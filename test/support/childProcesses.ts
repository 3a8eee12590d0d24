import { readdirSync, readFileSync } from 'node:fs';

/** The processes that a process has started and that have not ended. Linux only. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

export interface ThreadUse {
  /** Processor time, in ticks of 10 ms. */
  readonly used: number;
  readonly niceness: number;
}

/** Of every thread of a process. Linux only. */
export function threadsOf(pid: number): ThreadUse[] {
  return readdirSync(`/proc/${pid}/task`).map((task): ThreadUse => {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    // From field 3 on: the name before it may hold anything (proc_pid_stat(5)).
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { used: fields[14 - 3] ?? 0, niceness: fields[19 - 3] ?? 0 };
  });
}

/** The thread that has used most processor time. Linux only. */
export function busiestThread(pid: number): ThreadUse {
  return threadsOf(pid).reduce((busiest, thread) => (thread.used > busiest.used ? thread : busiest));
}
