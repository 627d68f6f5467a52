// The contract between the host and everything that carries operations out.
//
// A proactor takes operations, hands back completions, and never calls anybody: the host asks. All calls come from
// the thread of the loop. What must hold for every implementation:
//
//   * Every submitted operation (kReturnBuffer aside) produces one completion without flag::kMore, its last; a
//     multishot produces any number with kMore before it. A cancelled operation ends with -ECANCELED, unless it had
//     finished already; the cancel itself completes with the number of operations it reached, or -ENOENT.
//   * Memory named by an operation is not touched after its last completion; until then whoever submitted keeps it.
//     Exceptions, for the caller's comfort: an address given to kConnect is copied by Submit.
//   * Operations on one fd of one kind (send, receive) are started in the order of submission. A caller keeps at
//     most one kSend and one kReceive per fd in flight.
//   * kClose first cancels whatever is in flight on the fd; those completions may come before or after its own. After
//     submitting kClose the caller submits nothing more for that fd.
//   * kReceive never loses data: when the pool is empty it ends with -ENOBUFS, the bytes stay in the socket, and the
//     caller starts a new one when buffers have come back. A fault or the peer's reset ends it with the error.
//   * No implementation blocks in Submit, Poll or PrepareToSleep. A kernel call that may block (a regular file on a
//     selector) goes to a helper thread or, for page-cached data, is done at once.
//
// How each platform carries an operation out:
//
//   operation      io_uring                     reactor over a selector                       IOCP
//                                               (epoll, kqueue)
//   -------------  ---------------------------  --------------------------------------------  --------------------------------
//   kAccept        multishot ACCEPT             accept4 (kqueue: accept + fcntl) until        AcceptEx into a socket made
//                                               EAGAIN at each readiness, bounded per turn    beforehand; re-armed per connection
//   kConnect       CONNECT                      connect, wait for writable, SO_ERROR          ConnectEx (bound first)
//   kReceive       multishot RECV from the      recv into the pool's current buffer while     WSARecv of zero bytes (readiness),
//                  provided-buffer ring         data lasts, bounded per turn                  then recv into a pool buffer: IOCP
//                                                                                             picks no buffers itself
//   kSend          SEND with MSG_WAITALL        send; the rest when writable                  WSASend, re-issued while short
//   kShutdown      SHUTDOWN                     shutdown                                      shutdown
//   kClose         ASYNC_CANCEL by fd, CLOSE    forget the fd in the selector, close          CancelIoEx, closesocket; memory held
//                                                                                             until the cancelled packets arrive
//   kRead, kWrite  READ, WRITE                  pipes and sockets: try, wait, try again;      ReadFile, WriteFile overlapped with
//                                               regular files have no readiness: helper       the offset in OVERLAPPED
//                                               threads do pread, pwrite
//   kPoll          POLL_ADD one shot            register interest once; selectors may merge   zero-byte WSARecv for POLLIN,
//                                               several polls of one fd                       WSAPoll helper for POLLOUT
//   kTimeout       TIMEOUT (relative)           heap in the reactor, earliest into the        heap in the proactor, earliest into
//                                               selector's timer (timerfd, EVFILT_TIMER)      a high-resolution waitable timer
//   kCancel        ASYNC_CANCEL by user_data    remove the record, complete with              CancelIoEx with the OVERLAPPED;
//                  or by fd                     -ECANCELED                                    STATUS_CANCELLED becomes -ECANCELED
//   kCancelAll     ASYNC_CANCEL any             the same for every record                     CancelIoEx for every handle
//   kReturnBuffer  back into the buffer ring    back into the free list                       back into the free list
//   the deadline   TIMEOUT (absolute), updated  timerfd, EVFILT_TIMER                         waitable timer -> packet
//   wake-up        eventfd registered with      the selector's own fd (epoll and kqueue       waiter thread -> thread-safe
//                  the ring                     fds can be polled)                            function
//
// Results are those of the POSIX call: bytes, a descriptor, or -errno (IOCP maps WSA codes to errno values).
#ifndef CORIOLIS_PROACTOR_PROACTOR_H_
#define CORIOLIS_PROACTOR_PROACTOR_H_

#include <cstddef>
#include <cstdint>

#include "../exchange.h"

namespace coriolis {

// One operation, as the host decoded it from the exchange: the region is resolved and checked.
struct Operation {
  uint8_t opcode;
  uint32_t slot;
  uint32_t generation;
  int32_t fd;
  uint8_t* data;    // nullptr when the operation has none
  uint32_t length;  // bytes at data
  uint64_t argument;
};

// One completion, in the words of the exchange.
struct Completion {
  uint32_t slot;
  uint32_t generation;
  int32_t result;
  uint32_t flags;
};
static_assert(sizeof(Completion) == layout::kCompletionWords * sizeof(uint32_t));

class Proactor {
 public:
  virtual ~Proactor() = default;

  // "io_uring", "epoll", ...
  virtual const char* Name() const = 0;

  // Adds slab `index` (0, 1, ... in order) of layout::kPoolSlabBuffers receive buffers. The memory stays valid until
  // Shutdown returned. Returns 0 or -errno.
  virtual int AddPoolSlab(uint32_t index, uint8_t* memory) = 0;

  // Takes one operation. It may be started now or at the next Poll. False: no room, call Poll and try again.
  virtual bool Submit(const Operation& operation) = 0;

  // Starts everything submitted, then moves at most `capacity` completions to `out` without waiting. Returns how
  // many. What does not fit stays inside, in order, for the next call. Costs no kernel call when there is nothing
  // to start and nothing has happened.
  virtual uint32_t Poll(Completion* out, uint32_t capacity) = 0;

  // A descriptor that polls readable when Poll has something to deliver, if PrepareToSleep returned true before.
  virtual int WakeDescriptor() const = 0;

  // Before the host sleeps in its own poller: sees to it that WakeDescriptor becomes readable at the next completion
  // or at `deadline_ns` (CLOCK_MONOTONIC; UINT64_MAX: none). False: there is something already, do not sleep.
  virtual bool PrepareToSleep(uint64_t deadline_ns) = 0;

  // The host is awake again: no need to signal WakeDescriptor until the next PrepareToSleep.
  virtual void WakeUp() = 0;

  // Operations whose last completion is not yet delivered by Poll.
  virtual uint32_t InFlight() const = 0;

  // Times the kernel reported a completion-queue overflow, and kernel calls made.
  virtual uint32_t Overflows() const = 0;
  virtual uint32_t KernelCalls() const = 0;

  // Cancels everything, waits until the kernel has let go of every byte, closes its descriptors. Waits only for what
  // cannot be cancelled (a file operation that already runs). The object can only be destroyed afterwards.
  virtual void Shutdown() = 0;
};

// Why a backend is not available: 0 and a working proactor, or the negative errno and the call that failed.
struct OpenFailure {
  int error = 0;               // negative errno
  const char* call = nullptr;  // e.g. "io_uring_setup", "IORING_OP_RECV multishot"
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_PROACTOR_H_
