import { rootContext } from './context.ts';

/** A failure that nobody has looked at yet. */
export interface LateReport {
  /** True as long as nobody has. */
  isUnobserved(): boolean;
  report(): void;
}

/** How long somebody has to look at a failure before it is reported. */
const graceMs = 1000;
const compactFrom = 256;

/**
 * Failures that are reported if nobody looks at them: after a second, when the loop closes, or when the process is
 * about to end, whichever comes first. Until then a program may still await the task, as it may in asyncio, where
 * the report waits for the garbage collector.
 */
export class LateReports {
  private waiting: LateReport[] = [];
  /** Those that were there when the timer last fired: their second is over when it fires again. */
  private agedCount = 0;
  private compactAt = compactFrom;
  private timer: NodeJS.Timeout | null = null;

  add(report: LateReport): void {
    this.waiting.push(report);
    if (this.waiting.length >= this.compactAt) this.compact();
    if (this.timer !== null) return;
    rootContext.run(() => {
      this.timer = setInterval(this.tick, graceMs / 2);
      this.timer.unref();
    });
    if (armed.size === 0) process.on('beforeExit', flushAll);
    armed.add(this);
  }

  /** Reports everything that is still unobserved, now. */
  flush(): void {
    const reports = this.waiting;
    this.waiting = [];
    this.agedCount = 0;
    this.disarm();
    for (const report of reports) if (report.isUnobserved()) report.report();
  }

  /** Forgets everything without a report. */
  clear(): void {
    this.waiting = [];
    this.agedCount = 0;
    this.disarm();
  }

  private readonly tick = (): void => {
    const due = this.waiting.slice(0, this.agedCount);
    this.waiting = this.waiting.slice(this.agedCount).filter((report) => report.isUnobserved());
    this.agedCount = this.waiting.length;
    if (this.waiting.length === 0) this.disarm();
    for (const report of due) if (report.isUnobserved()) report.report();
  };

  private compact(): void {
    let kept = 0;
    let aged = 0;
    this.waiting.forEach((report, at) => {
      if (!report.isUnobserved()) return;
      if (at < this.agedCount) aged++;
      this.waiting[kept++] = report;
    });
    this.waiting.length = kept;
    this.agedCount = aged;
    this.compactAt = Math.max(compactFrom, kept * 2);
  }

  private disarm(): void {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    armed.delete(this);
    if (armed.size === 0) process.off('beforeExit', flushAll);
  }
}

/** Those who wait for something. */
const armed = new Set<LateReports>();

function flushAll(): void {
  for (const reports of [...armed]) reports.flush();
}
