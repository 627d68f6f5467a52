import {
  BrokenResourceError,
  ClosedResourceError,
  createTask,
  EndOfChannel,
  type MemoryReceiveChannel,
  type MemorySendChannel,
  openMemoryChannel,
  sleep,
  WouldBlock,
} from 'coriolis';
import { describe, expect, test } from 'vitest';
import { currentPass, flavours, runVirtual, type Script } from './virtual.ts';

describe.each(flavours)('memory channel in %s tasks', (_name, flavour) => {
  const start = <T>(script: () => Script<T>) => createTask(flavour(script));
  const startSend = <T>(send: MemorySendChannel<T>, value: T) =>
    start(function* () {
      yield send.send(value);
      return 'sent';
    });
  const startReceive = <T>(receive: MemoryReceiveChannel<T>) =>
    start(function* () {
      return (yield receive.receive()) as T;
    });

  test('sends into the buffer and receives from it without suspending', async () => {
    const [send, receive] = openMemoryChannel<number>(2);
    await runVirtual(
      flavour(function* () {
        const before = currentPass();
        const sending = send.send(1);
        expect(send.statistics().currentBufferUsed).toBe(0);
        yield sending;
        yield send.send(2);
        expect(() => send.sendNowait(3)).toThrow(WouldBlock);
        expect(yield receive.receive()).toBe(1);
        expect(yield receive.receive()).toBe(2);
        expect(currentPass()).toBe(before);
      }),
    );
  });

  test('without a buffer, a sender waits until its value is received', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    await runVirtual(
      flavour(function* () {
        const senders = [startSend(send, 'a'), startSend(send, 'b')];
        yield sleep(0);
        expect(send.statistics().tasksWaitingSend).toBe(2);
        expect(receive.receiveNowait()).toBe('a');
        yield sleep(0);
        expect(senders.map((sender) => sender.done())).toEqual([true, false]);
        expect(yield receive.receive()).toBe('b');
        expect(() => receive.receiveNowait()).toThrow(WouldBlock);
        expect(send.statistics().currentBufferUsed).toBe(0);
      }),
    );
  });

  test('receivers are served in the order of arrival', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    await runVirtual(
      flavour(function* () {
        const receivers = [startReceive(receive), startReceive(receive)];
        yield sleep(0);
        expect(receive.statistics().tasksWaitingReceive).toBe(2);
        send.sendNowait('a');
        yield send.send('b');
        expect(() => send.sendNowait('c')).toThrow(WouldBlock);
        yield sleep(0);
        expect(receivers.map((receiver) => receiver.result())).toEqual(['a', 'b']);
      }),
    );
  });

  test('a cancelled sender takes its value with it, a cancelled receiver takes none', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    await runVirtual(
      flavour(function* () {
        const sender = startSend(send, 'never');
        yield sleep(0);
        sender.cancel();
        expect(() => receive.receiveNowait()).toThrow(WouldBlock);
        const receiver = startReceive(receive);
        yield sleep(0);
        receiver.cancel();
        expect(() => send.sendNowait('nobody')).toThrow(WouldBlock);
        yield sleep(0);
        expect([sender.cancelled(), receiver.cancelled()]).toEqual([true, true]);
        const { tasksWaitingSend, tasksWaitingReceive } = send.statistics();
        expect([tasksWaitingSend, tasksWaitingReceive]).toEqual([0, 0]);
      }),
    );
  });

  test('a cancellation that comes when the value has changed hands is delivered at the next wait', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    const log: unknown[] = [];
    await runVirtual(
      flavour(function* () {
        const receiver = start(function* () {
          log.push(yield receive.receive());
          yield sleep(1);
          log.push('not reached');
        });
        yield sleep(0);
        send.sendNowait('received');
        receiver.cancel();
        yield sleep(2);
        const sender = start(function* () {
          yield send.send('sent');
          log.push('done');
          yield sleep(1);
          log.push('not reached');
        });
        yield sleep(0);
        log.push(receive.receiveNowait());
        sender.cancel();
        yield sleep(2);
        expect([receiver.cancelled(), sender.cancelled()]).toEqual([true, true]);
        expect([receiver.cancelling(), sender.cancelling()]).toEqual([1, 1]);
      }),
    );
    expect(log).toEqual(['received', 'sent', 'done']);
  });

  test('closing the last sending end ends the receivers, after what is in the buffer', async () => {
    const [send, receive] = openMemoryChannel<string>(Infinity);
    await runVirtual(
      flavour(function* () {
        const clone = send.clone();
        yield send.send('a');
        send.close();
        send.close();
        yield clone.send('b');
        clone[Symbol.dispose]();
        expect(yield receive.receive()).toBe('a');
        expect(yield receive.receive()).toBe('b');
        const late = startReceive(receive);
        yield sleep(0);
        expect(late.exception()).toBeInstanceOf(EndOfChannel);
        expect(() => receive.receiveNowait()).toThrow(EndOfChannel);
      }),
    );
  });

  test('closing the last sending end wakes the receivers that wait', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    await runVirtual(
      flavour(function* () {
        const receivers = [startReceive(receive), startReceive(receive.clone())];
        yield sleep(0);
        send.close();
        yield sleep(0);
        for (const receiver of receivers) expect(receiver.exception()).toBeInstanceOf(EndOfChannel);
      }),
    );
  });

  test('closing the last receiving end breaks the senders and drops the buffer', async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    await runVirtual(
      flavour(function* () {
        yield send.send('dropped');
        const sender = startSend(send, 'waits');
        yield sleep(0);
        receive.close();
        yield sleep(0);
        expect(sender.exception()).toBeInstanceOf(BrokenResourceError);
        expect(() => send.sendNowait('late')).toThrow(BrokenResourceError);
        expect(send.statistics().currentBufferUsed).toBe(0);
      }),
    );
  });

  test('closing an end wakes those who wait through it, and only them', async () => {
    const [send, receive] = openMemoryChannel<string>(0);
    await runVirtual(
      flavour(function* () {
        const clone = receive.clone();
        const [through, besides] = [startReceive(receive), startReceive(clone)];
        yield sleep(0);
        receive.close();
        yield sleep(0);
        expect(through.exception()).toBeInstanceOf(ClosedResourceError);
        expect(() => receive.receiveNowait()).toThrow(ClosedResourceError);
        expect(through.exception()).toMatchObject({ code: 'ERR_CLOSED_RESOURCE' });
        expect(() => receive.clone()).toThrow(ClosedResourceError);
        send.sendNowait('a');
        expect(yield besides).toBe('a');
        const sendingClone = send.clone();
        const sender = startSend(send, 'b');
        yield sleep(0);
        send.close();
        yield sleep(0);
        expect(sender.exception()).toBeInstanceOf(ClosedResourceError);
        expect(() => send.sendNowait('c')).toThrow(ClosedResourceError);
        expect(() => send.clone()).toThrow(ClosedResourceError);
        expect(sendingClone.statistics().openSendChannels).toBe(1);
      }),
    );
  });
});

test('for await receives until the channel ends', async () => {
  const [send, receive] = openMemoryChannel<number>(1);
  const received = await runVirtual(async () => {
    const producers = [0, 10].map((first) => {
      const end = send.clone();
      return createTask(async () => {
        using _ = end;
        for (let i = first; i < first + 3; i += 1) await end.send(i);
      });
    });
    send.close();
    const values: number[] = [];
    for await (const value of receive) values.push(value);
    for (const producer of producers) await producer;
    return values;
  });
  expect(received.sort((a, b) => a - b)).toEqual([0, 1, 2, 10, 11, 12]);
});

test.each([-1, 0.5, Number.NaN])('%d is no buffer size', (size) => {
  expect(() => openMemoryChannel(size)).toThrow(RangeError);
});
