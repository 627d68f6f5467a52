// Readiness: what a reactor asks of the operating system. epoll implements it here; kqueue fits the same
// calls.
//
// Registrations are edge-triggered (EPOLLET, EV_CLEAR): a change of state is reported once, so an interest
// that nobody consumes costs nothing and can't keep the selector's descriptor readable. Add and Modify report
// the state that is there already, as if it had just changed; that is how a level is asked for.
#ifndef CORIOLIS_SELECTOR_SELECTOR_H_
#define CORIOLIS_SELECTOR_SELECTOR_H_

#include <cstdint>

namespace coriolis {

// What a descriptor is ready for. Those of poll(2) on Linux, so that kPoll's masks need no translation there.
namespace readiness {
constexpr uint32_t kIn = 0x1;
constexpr uint32_t kPriority = 0x2;
constexpr uint32_t kOut = 0x4;
constexpr uint32_t kError = 0x8;          // reported without being asked for
constexpr uint32_t kHangup = 0x10;        // reported without being asked for
constexpr uint32_t kPeerClosed = 0x2000;  // the peer sends no more; reported to those interested in kIn
constexpr uint32_t kInterests = kIn | kPriority | kOut;
}  // namespace readiness

struct ReadyEvent {
  uint64_t token;   // as registered, or one of the two below
  uint32_t events;  // readiness::k...
};

class Selector {
 public:
  static constexpr uint64_t kTimerToken = UINT64_MAX - 1;  // the timer fired and is disarmed now
  static constexpr uint64_t kNotifyToken = UINT64_MAX;     // somebody called Notify

  virtual ~Selector() = default;

  // "epoll", "kqueue"
  virtual const char* Name() const = 0;

  // Can be polled itself: readable while Wait has something to report.
  virtual int Descriptor() const = 0;

  // All return 0 or -errno. Add: -EPERM when this kind of descriptor knows no readiness (a regular file),
  // -EEXIST when it is registered. Modify replaces interest and token; -ENOENT when it is not registered.
  virtual int Add(int fd, uint32_t interest, uint64_t token) = 0;
  virtual int Modify(int fd, uint32_t interest, uint64_t token) = 0;
  virtual int Remove(int fd) = 0;

  // Moves at most `capacity` events to `out`, waiting at most `timeout_ms` (-1: for ever) for the first one.
  // Returns how many; 0 also when a signal interrupted it.
  virtual uint32_t Wait(ReadyEvent* out, uint32_t capacity, int timeout_ms) = 0;

  // Reports kTimerToken at `deadline_ns` (CLOCK_MONOTONIC; UINT64_MAX: never), in place of the deadline
  // before.
  virtual void SetTimer(uint64_t deadline_ns) = 0;

  // Reports kNotifyToken. The only call that any thread may make.
  virtual void Notify() = 0;
};

}  // namespace coriolis

#endif  // CORIOLIS_SELECTOR_SELECTOR_H_
