import type { Future, Handle, Task, TaskBody, TaskOptions } from 'coriolis';
import { Scheduler } from '../../lib/scheduler/scheduler.ts';
import { createTaskOn, setTaskFactory, type TaskFactory } from '../../lib/tasks/ensure.ts';
import { Future as FutureClass } from '../../lib/tasks/future.ts';
import { Task as TaskClass } from '../../lib/tasks/task.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { VirtualPoller } from '../../lib/testing/virtual-poller.ts';
import type { Host } from './host.ts';

/** The scheduler on a poller that has nothing but a virtual clock: counts passes exactly. */
export class VirtualHost implements Host {
  onIdle: () => void = () => {};
  onPass: (pass: number) => void = () => {};
  private readonly clock = new VirtualClock();
  private readonly poller = new VirtualPoller(this.clock);
  private readonly scheduler = new Scheduler(this.poller, false);

  constructor() {
    this.poller.attach(this.scheduler);
    this.clock.onIdle = () => this.onIdle();
    const { poller } = this;
    const poll = poller.poll.bind(poller);
    poller.poll = (timeoutMs) => {
      this.onPass(poller.passes + 1);
      poll(timeoutMs);
    };
  }

  get passes(): number {
    return this.poller.passes;
  }

  time(): number {
    return this.clock.now();
  }

  advance(ticks: number): void {
    this.clock.advance(ticks);
  }

  createFuture(): Future<unknown> {
    return new FutureClass<unknown>(this.scheduler);
  }

  createTask(body: TaskBody<unknown>, options?: TaskOptions): Task<unknown> {
    return createTaskOn(this.scheduler, body, options);
  }

  newTask(_loop: unknown, body: TaskBody<unknown>, options: TaskOptions): Task<unknown> {
    return new TaskClass(this.scheduler, body, options);
  }

  callSoon(callback: () => void): Handle {
    return this.scheduler.callSoon(callback);
  }

  callLater(ticks: number, callback: () => void): Handle {
    return this.scheduler.callLater(ticks, callback);
  }

  setTaskFactory(factory: TaskFactory): void {
    setTaskFactory(this.scheduler, factory);
  }

  setExceptionHandler(handler: (context: { message: string; exception?: unknown }) => void): void {
    this.scheduler.onError = handler;
  }

  runUntilDone(future: Future<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = () => this.stop();
      future.addDoneCallback(stop);
      this.scheduler.start(() => {
        future.removeDoneCallback(stop);
        resolve(future.done());
      });
    });
  }

  stop(): void {
    this.scheduler.stop();
  }

  close(): void {
    this.scheduler.lateReports.clear();
    this.scheduler.close();
  }
}
