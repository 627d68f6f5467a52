import { createTask, Event, sleep } from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual } from './virtual.ts';

describe.each(flavours)('Event in %s tasks', (_name, flavour) => {
  test('does not suspend when it is set', async () => {
    const event = new Event();
    event.set();
    expect(event.isSet()).toBe(true);
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        expect(yield event.wait()).toBe(true);
        expect(currentPass()).toBe(before);
      }),
    );
  });

  test('wakes all in the order of arrival, in the next pass, even if it is cleared before they run', async () => {
    const event = new Event();
    const log: string[] = [];
    await runVirtual(
      flavour(function* () {
        const tasks = ['a', 'b', 'c'].map((name) =>
          createTask(
            flavour(function* () {
              expect(yield event.wait()).toBe(true);
              log.push(`${name}@${currentPass()}`);
            }),
          ),
        );
        yield sleep(0);
        yield sleep(0);
        log.push(`set@${currentPass()}`);
        event.set();
        event.clear();
        for (const task of tasks) yield task;
        expect(event.isSet()).toBe(false);
      }),
    );
    const pass = Number(log[0]!.split('@')[1]);
    expect(log).toEqual([`set@${pass}`, `a@${pass + 1}`, `b@${pass + 1}`, `c@${pass + 1}`]);
  });

  test('a cancelled waiter leaves, the others stay', async () => {
    const event = new Event();
    await runVirtual(
      flavour(function* () {
        const wait = () =>
          createTask(
            flavour(function* () {
              return yield event.wait();
            }),
          );
        const pending = wait();
        const stays = wait();
        const woken = wait();
        yield sleep(0);
        pending.cancel();
        yield sleep(0);
        event.set();
        woken.cancel();
        expect(yield stays).toBe(true);
        expect([pending.cancelled(), woken.cancelled()]).toEqual([true, true]);
      }),
    );
  });
});
