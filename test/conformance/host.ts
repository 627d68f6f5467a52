import { type AbstractEventLoop, type Future, ProactorEventLoop, SelectorEventLoop } from 'coriolis';
import { VirtualClock, VirtualEventLoop } from 'coriolis/testing';

/** A loop of the library on a virtual clock. */
export interface Host {
  readonly loop: AbstractEventLoop;
  readonly clock: VirtualClock;
  /** Passes begun, if the loop counts them. */
  passes(): number;
}

/** 'virtual': the loop for tests, which counts passes. Else a backend's loop: its passes are its own business. */
export type HostKind = 'virtual' | 'proactor' | 'selector';

export function makeHost(kind: HostKind): Host {
  const clock = new VirtualClock();
  switch (kind) {
    case 'virtual': {
      const loop = new VirtualEventLoop(clock);
      return { loop, clock, passes: () => loop.passes };
    }
    case 'proactor':
      return { loop: new ProactorEventLoop({ clock }), clock, passes: () => 0 };
    case 'selector':
      return { loop: new SelectorEventLoop({ clock }), clock, passes: () => 0 };
  }
}

/** Runs until `future` is done or the loop is stopped; true when it is done. */
export async function runUntilDone(loop: AbstractEventLoop, future: Future<unknown>): Promise<boolean> {
  try {
    await loop.runUntilComplete(future);
  } catch {
    // The future's own error, or that the loop was stopped.
  }
  return future.done();
}
