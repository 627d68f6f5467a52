import {
  type Awaitable,
  asCompleted,
  type Coroutine,
  ensureFuture,
  type Future,
  gather,
  type ReturnWhen,
  shield,
  sleep,
  type TaskGroup,
  type Timeout,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from 'coriolis';
import { describeError, matches } from './describe.ts';
import { Machine, type Target, type TargetName } from './machine.ts';
import type { Op } from './program.ts';

/** State of one running coroutine of the program. */
class Frame {
  /** Enclosing timeout blocks, innermost last. */
  readonly timeouts: Timeout[] = [];
  /** Errors being handled, innermost last. */
  readonly handling: unknown[] = [];

  constructor(readonly who: string) {}
}

/** What a block gives: null, or the value of a "return" in it. */
type Returned = [unknown] | null;

// biome-ignore lint/suspicious/noExplicitAny: programs are untyped
type Suspending = (frame: Frame, ...args: any[]) => Coroutine<Returned | void>;

/** The operations that suspend. */
export abstract class GeneratorOperations extends Machine {
  protected *body(name: string, label: string): Coroutine<unknown> {
    this.emit(label, 'start');
    let returned: Returned;
    try {
      returned = yield* this.block(new Frame(label), this.program.coros[name]!);
    } catch (error) {
      this.emit(label, 'end', 'exc', describeError(error));
      throw error;
    }
    const value = returned === null ? null : returned[0];
    this.emit(label, 'end', 'ret', value);
    return value;
  }

  /** Runs operations in order. */
  private *block(frame: Frame, ops: Op[]): Coroutine<Returned> {
    for (const [name, ...args] of ops) {
      const suspending = this.suspending[name];
      if (suspending === undefined) this.sync(frame.who, name, args);
      else {
        const returned = yield* suspending.call(this, frame, ...args);
        if (returned !== null && returned !== undefined) return returned;
      }
    }
    return null;
  }

  private *call(target: Target): Coroutine<unknown> {
    return yield* (typeof target === 'function' ? target() : target) as Awaitable<unknown>;
  }

  private readonly suspending: Record<string, Suspending | undefined> = {
    return: this.return,
    reraise: this.reraise,
    repeat: this.repeat,
    try: this.try,
    call: this.callCoroutine,
    sleep: this.sleep,
    await: this.await,
    await_self: this.awaitSelf,
    gather: this.gather,
    wait: this.wait,
    wait_for: this.waitFor,
    shield: this.shield,
    as_completed: this.asCompleted,
    timeout: this.timeout,
    reschedule: this.reschedule,
    group: this.group,
    put: this.put,
    get: this.get,
    join: this.join,
    acquire: this.acquire,
    with: this.with,
    ewait: this.waitForEvent,
    cwait: this.waitForCondition,
    bwait: this.waitAtBarrier,
    breset: this.resetBarrier,
    babort: this.abortBarrier,
  };

  private *return(_frame: Frame, value: unknown): Coroutine<Returned> {
    return [value];
  }

  private *reraise(frame: Frame): Coroutine<void> {
    if (frame.handling.length > 0) throw frame.handling.at(-1);
  }

  private *repeat(frame: Frame, times: number, body: Op[]): Coroutine<Returned> {
    for (let time = 0; time < times; time++) {
      const returned = yield* this.block(frame, body);
      if (returned !== null) return returned;
    }
    return null;
  }

  private *try(frame: Frame, body: Op[], handlers: [string, Op[]][], last: Op[] | null): Coroutine<Returned> {
    try {
      try {
        return yield* this.block(frame, body);
      } catch (error) {
        const handler = handlers.find(([kind]) => matches(kind, error));
        if (handler === undefined) throw error;
        this.emit(frame.who, 'catch', describeError(error));
        frame.handling.push(error);
        try {
          return yield* this.block(frame, handler[1]);
        } finally {
          frame.handling.pop();
        }
      }
    } finally {
      if (last !== null && !this.dead) {
        this.emit(frame.who, 'finally');
        yield* this.block(frame, last);
      }
    }
  }

  private *callCoroutine(frame: Frame, name: string): Coroutine<void> {
    const value = yield* this.call(this.instance(name));
    this.emit(frame.who, 'call', value);
  }

  private *sleep(frame: Frame, ticks: number): Coroutine<void> {
    yield* sleep(ticks);
    this.emit(frame.who, 'sleep', ticks);
  }

  private *await(frame: Frame, name: TargetName): Coroutine<void> {
    const target = this.target(name);
    if (target === null) {
      this.emit(frame.who, 'await', name, 'unset');
      return;
    }
    const value = yield* this.call(target);
    this.emit(frame.who, 'await', name, value);
  }

  private *awaitSelf(_frame: Frame): Coroutine<void> {
    yield* this.call(this.target('self')!);
  }

  private *gather(frame: Frame, names: TargetName[], returnExceptions: boolean): Coroutine<void> {
    const values = yield* gather(this.targets(names), { returnExceptions });
    this.emit(frame.who, 'gather', values);
  }

  private *wait(frame: Frame, names: TargetName[], limit: number | null, when: string): Coroutine<void> {
    const futures = this.targets(names) as Future<unknown>[];
    if (futures.length === 0) {
      this.emit(frame.who, 'wait', 'unset');
      return;
    }
    const returnWhen = { ALL: 'ALL_COMPLETED', FIRST: 'FIRST_COMPLETED', EXC: 'FIRST_EXCEPTION' }[when];
    const [done, pending] = yield* wait(futures, { timeout: limit, returnWhen: returnWhen as ReturnWhen });
    this.emit(frame.who, 'wait', this.namesOf(done), this.namesOf(pending));
  }

  private *waitFor(frame: Frame, name: TargetName, limit: number | null): Coroutine<void> {
    const target = this.target(name);
    if (target === null) {
      this.emit(frame.who, 'wait_for', 'unset');
      return;
    }
    const value = yield* waitFor(target, limit);
    this.emit(frame.who, 'wait_for', value);
  }

  private *shield(frame: Frame, name: TargetName): Coroutine<void> {
    const target = this.target(name);
    if (target === null) {
      this.emit(frame.who, 'shield', 'unset');
      return;
    }
    const value = yield* shield(ensureFuture(target));
    this.emit(frame.who, 'shield', value);
  }

  private *asCompleted(frame: Frame, names: TargetName[], limit: number | null): Coroutine<void> {
    const futures = this.targets(names) as Future<unknown>[];
    if ([...new Set(futures)].filter((future) => future.done()).length > 1) this.ambiguous = true;
    let count = 0;
    for (const item of asCompleted(futures, { timeout: limit })) {
      let value: unknown;
      try {
        value = yield* item;
      } catch (error) {
        if (matches('cancel', error)) throw error;
        value = error;
      }
      count++;
      this.emit(frame.who, 'ac', value);
    }
    this.emit(frame.who, 'as_completed', count);
  }

  private *timeout(frame: Frame, ticks: number | null, body: Op[]): Coroutine<Returned> {
    const machine = this;
    let scope: Timeout | null = null;
    try {
      return yield* timeout(ticks, function* (entered: Timeout): Coroutine<Returned> {
        scope = entered;
        frame.timeouts.push(entered);
        try {
          return yield* machine.block(frame, body);
        } finally {
          frame.timeouts.pop();
        }
      });
    } finally {
      this.emit(frame.who, 'timeout_exit', (scope as Timeout | null)?.expired());
    }
  }

  private *reschedule(frame: Frame, ticks: number | null): Coroutine<void> {
    const innermost = frame.timeouts.at(-1);
    if (innermost === undefined || innermost.expired()) {
      this.emit(frame.who, 'reschedule', 'unset');
      return;
    }
    innermost.reschedule(ticks === null ? null : this.loop.time() + ticks);
    this.emit(frame.who, 'reschedule', ticks);
  }

  private *group(frame: Frame, name: string, body: Op[]): Coroutine<Returned> {
    const machine = this;
    try {
      const returned = yield* taskGroup(function* (group: TaskGroup): Coroutine<Returned> {
        machine.groups.set(name, group);
        return yield* machine.block(frame, body);
      });
      return returned ?? null;
    } finally {
      this.emit(frame.who, 'group_exit', name);
    }
  }

  private *put(frame: Frame, queue: string, value: unknown): Coroutine<void> {
    yield* this.objects.get(queue).put(value);
    this.emit(frame.who, 'put', queue);
  }

  private *get(frame: Frame, queue: string): Coroutine<void> {
    const value = yield* this.objects.get(queue).get();
    this.emit(frame.who, 'get', queue, value);
  }

  private *join(frame: Frame, queue: string): Coroutine<void> {
    yield* this.objects.get(queue).join();
    this.emit(frame.who, 'join', queue);
  }

  private *acquire(frame: Frame, name: string): Coroutine<void> {
    yield* this.objects.get(name).acquire();
    this.emit(frame.who, 'acquire', name);
  }

  private *with(frame: Frame, name: string, body: Op[]): Coroutine<Returned> {
    const object = this.objects.get(name);
    yield* object.acquire();
    try {
      this.emit(frame.who, 'with', name);
      return yield* this.block(frame, body);
    } finally {
      object.release();
    }
  }

  private *waitForEvent(frame: Frame, name: string): Coroutine<void> {
    yield* this.objects.get(name).wait();
    this.emit(frame.who, 'ewait', name);
  }

  private *waitForCondition(frame: Frame, name: string): Coroutine<void> {
    yield* this.objects.get(name).wait();
    this.emit(frame.who, 'cwait', name);
  }

  private *waitAtBarrier(frame: Frame, name: string): Coroutine<void> {
    const index = yield* this.objects.get(name).wait();
    this.emit(frame.who, 'bwait', name, index);
  }

  private *resetBarrier(frame: Frame, name: string): Coroutine<void> {
    yield* this.objects.get(name).reset();
    this.emit(frame.who, 'breset', name);
  }

  private *abortBarrier(frame: Frame, name: string): Coroutine<void> {
    yield* this.objects.get(name).abort();
    this.emit(frame.who, 'babort', name);
  }
}
