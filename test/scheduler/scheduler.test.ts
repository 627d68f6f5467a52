import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { copyContext } from '../../lib/scheduler/context.ts';
import { currentScheduler } from '../../lib/scheduler/current.ts';
import type { Poller } from '../../lib/scheduler/poller.ts';
import { type ErrorContext, Scheduler } from '../../lib/scheduler/scheduler.ts';

/** A poller under the test's control, which writes down what it is told. */
class RecordingPoller implements Poller {
  readonly resolutionMs = 0.001;
  readonly hasSubmissions = false;
  nowMs = 0;
  readonly log: string[] = [];
  onPoll: () => void = () => {};

  now(): number {
    return this.nowMs;
  }

  poll(untilMs: number): void {
    this.log.push(`poll ${untilMs}`);
    this.onPoll();
  }

  settle(ready: boolean, deadlineMs: number): void {
    this.log.push(`settle ${ready} ${deadlineMs}`);
  }

  pause(): void {
    this.log.push('pause');
  }

  setReferenced(referenced: boolean): void {
    this.log.push(`referenced ${referenced}`);
  }

  close(): void {
    this.log.push('close');
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

function setUp() {
  const poller = new RecordingPoller();
  const scheduler = new Scheduler(poller);
  const order: string[] = [];
  const note = (text: string) => () => void order.push(text);
  return { poller, scheduler, order, note };
}

describe('a pass', () => {
  it('runs the handles that are ready at its start; what they add runs after the next poll', () => {
    const { poller, scheduler, order, note } = setUp();
    poller.onPoll = note('poll');
    scheduler.callSoon(() => {
      order.push('a');
      scheduler.callSoon(note('c'));
    });
    scheduler.callSoon(note('b'));
    scheduler.turn();
    expect(order).toEqual(['poll', 'a', 'b', 'poll', 'c']);
  });

  it('runs what was ready first, then what the poll made ready, then due timers by deadline', () => {
    const { poller, scheduler, order, note } = setUp();
    scheduler.callAt(2, note('timer 2'));
    scheduler.callAt(1, note('timer 1, first'));
    scheduler.callAt(1, note('timer 1, second'));
    scheduler.callAt(9, note('timer 9'));
    scheduler.callSoon(note('ready'));
    poller.onPoll = () => {
      poller.onPoll = () => {};
      scheduler.callSoon(note('polled'));
    };
    poller.nowMs = 2;
    scheduler.turn();
    expect(order).toEqual(['ready', 'polled', 'timer 1, first', 'timer 1, second', 'timer 2']);
    expect(poller.log.at(-1)).toBe('settle false 9');
  });

  it('skips cancelled handles and timers', () => {
    const { poller, scheduler, order, note } = setUp();
    const handle = scheduler.callSoon(note('handle'));
    const timer = scheduler.callAt(1, note('timer'));
    expect([handle.cancelled(), timer.when()]).toEqual([false, 1]);
    handle.cancel();
    timer.cancel();
    poller.nowMs = 5;
    scheduler.turn();
    expect(order).toEqual([]);
    expect(poller.log.slice(-2)).toEqual(['settle false Infinity', 'referenced false']);
  });

  it('goes on after a callback that throws, and reports it', () => {
    const { scheduler, order, note } = setUp();
    const reports: ErrorContext[] = [];
    scheduler.onError = (context) => void reports.push(context);
    scheduler.callSoon(function broken() {
      throw new Error('oops');
    });
    scheduler.callSoon(note('next'));
    scheduler.turn();
    expect(order).toEqual(['next']);
    expect(reports).toMatchObject([
      { message: 'Exception in callback broken', exception: { message: 'oops' } },
    ]);
  });

  it('ends the run when stopped in it; what it added stays for the next run', () => {
    const { scheduler, order, note } = setUp();
    let stopped = 0;
    scheduler.start(() => void stopped++);
    scheduler.callSoon(() => {
      scheduler.callSoon(note('later'));
      scheduler.stop();
    });
    scheduler.callSoon(note('same pass'));
    scheduler.turn();
    expect([order, stopped]).toEqual([['same pass'], 1]);
    scheduler.turn();
    expect(order).toEqual(['same pass']);
    scheduler.start();
    scheduler.turn();
    expect(order).toEqual(['same pass', 'later']);
  });

  it('is left for Node after a while, and goes on where it was', () => {
    const { poller, scheduler } = setUp();
    let count = 0;
    for (let index = 0; index < 400; index++) {
      scheduler.callSoon(() => {
        count++;
        const until = performance.now() + 0.05;
        while (performance.now() < until);
      });
    }
    poller.take();
    scheduler.turn();
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(400);
    expect(poller.log.at(-1)).toBe('settle true Infinity');
    while (count < 400) scheduler.turn();
    expect(poller.log.filter((line) => line.startsWith('poll'))).toHaveLength(1);
  });
});

describe('what the poller is told', () => {
  it('hears once that there is work, however much is added from outside', () => {
    const { poller, scheduler, note } = setUp();
    for (let index = 0; index < 100; index++) scheduler.callSoon(note('x'));
    expect(poller.take()).toEqual(['settle true Infinity', 'referenced true']);
  });

  it('hears of a timer from outside if it is the earliest', () => {
    const { poller, scheduler, note } = setUp();
    scheduler.turn();
    poller.take();
    scheduler.callAt(5, note('x'));
    scheduler.callAt(7, note('x'));
    scheduler.callAt(3, note('x'));
    expect(poller.take().filter((line) => line.startsWith('settle'))).toEqual([
      'settle false 5',
      'settle false 3',
    ]);
  });

  it('keeps the process alive exactly while a referenced timer is pending', () => {
    const { poller, scheduler, note } = setUp();
    const timer = scheduler.callAt(5, note('x'));
    expect(poller.take()).toContain('referenced true');
    timer.unref();
    expect(poller.take()).toContain('referenced false');
    timer.ref();
    expect(poller.take()).toContain('referenced true');
    poller.nowMs = 6;
    scheduler.turn();
    expect(poller.take()).toContain('referenced false');
  });
});

describe('pauses', () => {
  it('wait for the async function that was resumed, and go on in a microtask', async () => {
    const { poller, scheduler, order, note } = setUp();
    const who = {};
    scheduler.callSoon(() => {
      scheduler.pauseFor(who);
      void Promise.resolve().then(() => {
        order.push('async function');
        scheduler.caughtUp(who);
      });
    });
    scheduler.callSoon(note('next handle'));
    scheduler.turn();
    expect(order).toEqual([]);
    expect(poller.log.at(-1)).toBe('pause');
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['async function', 'next handle']);
  });

  it('end when the poller says that the microtask queue is empty', () => {
    const { scheduler, order, note } = setUp();
    scheduler.callSoon(() => scheduler.pauseFor({}));
    scheduler.callSoon(note('next handle'));
    scheduler.turn();
    expect(order).toEqual([]);
    scheduler.turn();
    expect(order).toEqual(['next handle']);
  });
});

describe('contexts', () => {
  it('a callback runs in a copy of the context in which it was made', () => {
    const { scheduler, order } = setUp();
    const storage = new AsyncLocalStorage<string>();
    const see = () => void order.push(storage.getStore() ?? 'none');
    storage.run('a', () => {
      scheduler.callSoon(() => {
        see();
        storage.enterWith('changed');
        see();
      });
      scheduler.callSoon(see);
    });
    scheduler.callSoon(see);
    scheduler.turn();
    expect(order).toEqual(['a', 'changed', 'a', 'none']);
  });

  it('what is entered in a context stays in it', () => {
    const storage = new AsyncLocalStorage<number>();
    const context = copyContext();
    context.run(() => storage.enterWith(1));
    expect(context.run(() => storage.getStore())).toBe(1);
    expect(storage.getStore()).toBeUndefined();
    expect(context.run((a: number, b: number) => a + b, 1, 2)).toBe(3);
  });
});

describe('a scheduler', () => {
  it('is current while its handles run', () => {
    const { scheduler } = setUp();
    let seen: unknown;
    scheduler.callSoon(() => {
      seen = currentScheduler();
    });
    expect(currentScheduler()).toBeNull();
    scheduler.turn();
    expect(seen).toBe(scheduler);
    expect(currentScheduler()).toBeNull();
  });

  it('refuses work when it is closed, and can be closed twice', () => {
    const { poller, scheduler, note } = setUp();
    scheduler.close();
    scheduler.close();
    expect(poller.log.filter((line) => line === 'close')).toHaveLength(1);
    expect(() => scheduler.callSoon(note('x'))).toThrow('Event loop is closed');
    expect(() => scheduler.callLater(1, note('x'))).toThrow('Event loop is closed');
  });

  it('refuses NaN as a time', () => {
    const { scheduler, note } = setUp();
    expect(() => scheduler.callAt(Number.NaN, note('x'))).toThrow(RangeError);
  });
});
