import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type AbstractEventLoop,
  Barrier,
  BoundedSemaphore,
  Condition,
  currentTask,
  Event,
  type Future,
  gather,
  type Handle,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
  shield,
  Task,
  type TaskBody,
  type TaskGroup,
  type TaskOptions,
} from 'coriolis';
import { describeError, plain, UserError } from './describe.ts';
import { type Host, runUntilDone } from './host.ts';
import type { Entry, ObjectSpec, Op, Program, Trace } from './program.ts';

const deadlocksMax = 8;
const passesMax = 20_000;

/** A task, a future, or a fresh coroutine. */
export type Target = Future<unknown> | TaskBody<unknown>;

/** A slot's name, or `['c', name]` for a fresh coroutine. */
export type TargetName = string | ['c', string];

// biome-ignore lint/suspicious/noExplicitAny: programs are untyped, and so are the objects they name
type Shared = any;

/**
 * Runs one program and collects its trace: everything that does not suspend. The operations that do are in two
 * flavours, see `suspending-generator.ts`.
 */
export abstract class Machine {
  readonly trace: Entry[] = [];
  private readonly passes: number[] = [];
  private readonly tasks = new Map<Future<unknown>, string>();
  private readonly labels = new Map<unknown, string>();
  private readonly counts = new Map<string, number>();
  private readonly slots = new Map<string, Future<unknown>>();
  protected readonly groups = new Map<string, TaskGroup>();
  private readonly handles = new Map<string, Handle>();
  private readonly doneCallbacks = new Map<string, (future: Future<unknown>) => void>();
  protected readonly objects = new Map<string, Shared>();
  private readonly context = new AsyncLocalStorage<number>();
  private deadlocks = 0;
  private stuck: string | null = null;
  protected ambiguous = false;
  protected dead = false;
  /** False when what the oracle says about this program depends on chance. */
  comparable = true;

  constructor(
    protected readonly program: Program,
    protected readonly host: Host,
  ) {
    host.clock.onIdle = () => this.onIdle();
    this.loop.setTaskFactory((loop, body, options) => this.makeTask(loop, body, options));
    this.loop.setExceptionHandler((_loop, context) => this.onException(context));
    for (const [name, spec] of Object.entries(program.objs)) {
      const object = this.makeObject(spec);
      this.objects.set(name, object);
      if (spec[0] === 'future') this.slots.set(name, object as Future<unknown>);
    }
  }

  protected get loop(): AbstractEventLoop {
    return this.host.loop;
  }

  /** A fresh coroutine of the program that has not started. */
  protected abstract coroutine(name: string, label: string): TaskBody<unknown>;

  /** Ends the coroutines that are left, without a trace. */
  protected abstract dispose(coroutines: Iterable<unknown>): void;

  private makeObject([kind, argument]: ObjectSpec): unknown {
    switch (kind) {
      case 'queue':
        return new Queue(argument);
      case 'lifo':
        return new LifoQueue(argument);
      case 'prio':
        return new PriorityQueue(argument);
      case 'lock':
        return new Lock();
      case 'event':
        return new Event();
      case 'cond':
        return new Condition();
      case 'sem':
        return new Semaphore(argument);
      case 'bsem':
        return new BoundedSemaphore(argument);
      case 'barrier':
        return new Barrier(argument!);
      case 'future':
        return this.loop.createFuture();
      default:
        throw new Error(`unknown kind of object: ${kind}`);
    }
  }

  // ---- hooks --------------------------------------------------------------------------------------------------

  emit(who: string, ...event: unknown[]): void {
    if (this.dead) return;
    this.trace.push([Math.trunc(this.loop.time()), who, ...event.map(plain)]);
    const pass = this.host.passes();
    this.passes.push(pass);
    if (pass > passesMax) this.giveUp('too many passes');
  }

  private makeTask(loop: unknown, body: TaskBody<unknown>, options: TaskOptions): Task<unknown> {
    const task = new Task(loop as object, body, options);
    this.tasks.set(task, this.labels.get(body)!);
    return task;
  }

  private onException({ message, exception }: { message: string; exception?: unknown }): void {
    // When a failure that nobody looked at is reported depends on the real time.
    if (exception === undefined || message.includes('nobody looked')) return;
    this.emit('loop', 'handler', describeError(exception));
  }

  private pending(): Future<unknown>[] {
    return [...this.tasks.keys()].filter((task) => !task.done());
  }

  private labelsOf(tasks: Future<unknown>[]): string[] {
    return tasks.map((task) => this.tasks.get(task)!);
  }

  private onIdle(): void {
    this.deadlocks++;
    const pending = this.pending();
    this.emit('loop', 'deadlock', this.labelsOf(pending));
    if (this.deadlocks > deadlocksMax || pending.length === 0) this.giveUp('deadlock');
    else for (const task of pending) task.cancel();
  }

  private giveUp(reason: string): void {
    this.stuck ??= reason;
    this.loop.stop();
  }

  // ---- run ------------------------------------------------------------------------------------------------------

  async run(): Promise<Trace> {
    let outcome: unknown = null;
    const main = this.loop.createTask(this.instance('main'));
    this.slots.set('main', main);
    if (await runUntilDone(this.loop, main)) {
      try {
        outcome = ['ret', plain(main.result())];
      } catch (error) {
        outcome = ['exc', describeError(error)];
      }
      const pending = this.pending();
      if (pending.length > 0) {
        this.emit('loop', 'shutdown', this.labelsOf(pending));
        for (const task of pending) task.cancel();
        const all = gather(pending, { returnExceptions: true });
        if ((await runUntilDone(this.loop, all)) && !all.cancelled()) all.exception();
      }
    }
    const owned: [string, Future<unknown>][] = [...this.tasks].map(([task, label]) => [label, task]);
    for (const name of [...this.slots.keys()].sort()) {
      const future = this.slots.get(name)!;
      if (!this.tasks.has(future)) owned.push([name, future]);
    }
    const trace = {
      id: this.program.id,
      trace: this.trace,
      passes: this.passes,
      final: {
        outcome,
        time: Math.trunc(this.loop.time()),
        pending: this.labelsOf(this.pending()),
        deadlocks: this.deadlocks,
        stuck: this.stuck,
        ambiguous: this.ambiguous,
      },
      unretrieved: owned.filter(([, future]) => future.isUnobserved()).map(([name]) => name),
    };
    this.dead = true;
    this.loop.close();
    this.dispose(this.labels.keys());
    this.context.disable();
    return trace;
  }

  // ---- helpers ----------------------------------------------------------------------------------------------------

  /** A fresh coroutine of the program, labelled as it is made. */
  protected instance(name: string): TaskBody<unknown> {
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    const label = `${name}#${count}`;
    const coroutine = this.coroutine(name, label);
    this.labels.set(coroutine, label);
    return coroutine;
  }

  /** A slot's task or future, a fresh coroutine, or null if unset. */
  protected target(name: TargetName): Target | null {
    if (Array.isArray(name)) return this.instance(name[1]);
    if (name === 'self') return currentTask();
    return this.slots.get(name) ?? null;
  }

  protected targets(names: TargetName[]): Target[] {
    return names.map((name) => this.target(name)).filter((target) => target !== null);
  }

  /** A slot's future; null if unset. */
  private future(name: TargetName): Future<unknown> | null {
    return this.target(name) as Future<unknown> | null;
  }

  /**
   * The sorted names of some futures. One that no slot holds any more has none; the oracle then stops in the middle
   * of a Python set, so that what it says depends on addresses: such a program can't be compared.
   */
  protected namesOf(futures: Iterable<Future<unknown>>): string[] {
    const names: string[] = [];
    for (const future of futures) {
      const slot = [...this.slots].find(([, candidate]) => candidate === future);
      const name = this.tasks.get(future) ?? slot?.[0];
      if (name === undefined) this.comparable = false;
      else names.push(name);
    }
    return names.sort();
  }

  private callback(ops: Op[]): void {
    for (const [name, ...args] of ops) this.sync('cb', name, args);
  }

  // ---- operations that don't suspend --------------------------------------------------------------------------------

  /** Runs a synchronous operation. */
  protected sync(who: string, name: string, args: unknown[]): void {
    const operation = this.operations[name];
    if (operation === undefined) throw new Error(`unknown operation: ${name}`);
    operation(who, ...args);
  }

  // biome-ignore lint/suspicious/noExplicitAny: programs are untyped
  private readonly operations: Record<string, (who: string, ...args: any[]) => void> = {
    log: (who, x) => this.emit(who, 'log', x),
    busy: (who, ticks) => {
      this.host.clock.advance(ticks);
      this.emit(who, 'busy', ticks);
    },
    raise: (_who, name) => {
      throw new UserError(name);
    },
    spawn: (who, slot, name) => this.spawn(who, slot, () => this.loop.createTask(this.instance(name))),
    spawn_eager: (who, slot, name) =>
      this.spawn(who, slot, () => this.loop.createTask(this.instance(name), { eagerStart: true })),
    gspawn: (who, group, slot, name) => {
      const found = this.groups.get(group);
      if (found === undefined) this.emit(who, 'gspawn', group, 'unset');
      else this.spawn(who, slot, () => found.createTask(this.instance(name)));
    },
    gcancel: (who, group) => {
      const found = this.groups.get(group);
      found?.cancel();
      this.emit(who, 'gcancel', group, ...(found === undefined ? ['unset'] : []));
    },
    cancel: (who, name) => {
      const future = this.future(name);
      this.emit(who, 'cancel', name, future === null ? 'unset' : future.cancel());
    },
    uncancel: (who, name) => this.taskOperation(who, 'uncancel', name),
    cancelling: (who, name) => this.taskOperation(who, 'cancelling', name),
    state: (who, name) => {
      const future = this.future(name);
      this.emit(who, 'state', name, future === null ? 'unset' : stateOf(future));
    },
    result: (who, name) => {
      const future = this.future(name);
      this.emit(who, 'result', name, future === null ? 'unset' : future.result());
    },
    exception: (who, name) => {
      const future = this.future(name);
      this.emit(who, 'exception', name, future === null ? 'unset' : future.exception());
    },
    on_done: (who, name, tag) => this.onDone(who, name, tag),
    off_done: (who, name, tag) => {
      const future = this.future(name);
      const callback = this.doneCallbacks.get(tag);
      const unset = future === null || callback === undefined;
      this.emit(who, 'off_done', tag, unset ? 'unset' : future.removeDoneCallback(callback));
    },
    fset: (who, name, value) => {
      this.objects.get(name).setResult(value);
      this.emit(who, 'fset', name);
    },
    fexc: (who, name, error) => {
      this.objects.get(name).setException(new UserError(error));
      this.emit(who, 'fexc', name);
    },
    gather_to: (who, slot, names, returnExceptions) => {
      this.slots.set(slot, gather(this.targets(names), { returnExceptions }) as Future<unknown>);
      this.emit(who, 'gather_to', slot);
    },
    shield_to: (who, slot, name) => {
      const target = this.target(name);
      if (target === null) {
        this.emit(who, 'shield_to', slot, 'unset');
        return;
      }
      this.slots.set(slot, shield(target));
      this.emit(who, 'shield_to', slot);
    },
    put_nowait: (who, queue, value) => {
      this.objects.get(queue).putNowait(value);
      this.emit(who, 'put_nowait', queue);
    },
    get_nowait: (who, queue) => this.emit(who, 'get_nowait', queue, this.objects.get(queue).getNowait()),
    task_done: (who, queue) => {
      this.objects.get(queue).taskDone();
      this.emit(who, 'task_done', queue);
    },
    qsize: (who, queue) => this.emit(who, 'qsize', queue, this.objects.get(queue).qsize()),
    shutdown: (who, queue, immediate) => {
      this.objects.get(queue).shutdown(immediate);
      this.emit(who, 'shutdown', queue);
    },
    release: (who, name) => {
      this.objects.get(name).release();
      this.emit(who, 'release', name);
    },
    locked: (who, name) => this.emit(who, 'locked', name, this.objects.get(name).locked()),
    set: (who, name) => {
      this.objects.get(name).set();
      this.emit(who, 'set', name);
    },
    clear: (who, name) => {
      this.objects.get(name).clear();
      this.emit(who, 'clear', name);
    },
    notify: (who, name, count) => {
      this.objects.get(name).notify(count);
      this.emit(who, 'notify', name);
    },
    notify_all: (who, name) => {
      this.objects.get(name).notifyAll();
      this.emit(who, 'notify_all', name);
    },
    soon: (who, ops) => {
      this.loop.callSoon(() => this.callback(ops));
      this.emit(who, 'soon');
    },
    later: (who, ticks, ops, handle) => {
      const timer = this.loop.callLater(ticks, () => this.callback(ops));
      if (handle !== null && handle !== undefined) this.handles.set(handle, timer);
      this.emit(who, 'later', ticks);
    },
    hcancel: (who, handle) => {
      const found = this.handles.get(handle);
      found?.cancel();
      this.emit(who, 'hcancel', handle, ...(found === undefined ? ['unset'] : []));
    },
    ctx: (who, value) => {
      this.context.enterWith(value);
      this.emit(who, 'ctx', value);
    },
    getctx: (who) => this.emit(who, 'ctx', this.context.getStore() ?? 0),
  };

  private spawn(who: string, slot: string, make: () => Task<unknown>): void {
    const task = make();
    this.slots.set(slot, task);
    this.emit(who, 'spawn', this.tasks.get(task));
  }

  private taskOperation(who: string, operation: 'uncancel' | 'cancelling', name: TargetName): void {
    const task = this.future(name);
    const unset = task === null || !this.tasks.has(task);
    this.emit(who, operation, name, unset ? 'unset' : (task as Task<unknown>)[operation]());
  }

  private onDone(who: string, name: TargetName, tag: string): void {
    const future = this.future(name);
    if (future === null) {
      this.emit(who, 'on_done', name, 'unset');
      return;
    }
    let callback = this.doneCallbacks.get(tag);
    if (callback === undefined) {
      callback = (done) => this.emit('cb', 'done', tag, stateOf(done));
      this.doneCallbacks.set(tag, callback);
    }
    future.addDoneCallback(callback);
    this.emit(who, 'on_done', name, tag);
  }
}

function stateOf(future: Future<unknown>): string {
  if (!future.done()) return 'pending';
  return future.cancelled() ? 'cancelled' : 'done';
}
