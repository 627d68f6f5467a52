// Nanosecond clocks: monotonic time, and the processor time of this or another process (all of its threads).
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>

namespace coriolis::loadgen {

constexpr uint64_t kNanosPerSecond = 1000000000;

inline uint64_t ReadClock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

inline uint64_t MonotonicNanos() {
  return ReadClock(CLOCK_MONOTONIC);
}

inline uint64_t OwnCpuNanos() {
  return ReadClock(CLOCK_PROCESS_CPUTIME_ID);
}

// /proc/PID/stat counts in ticks of 10 ms; the process's CPU clock has the scheduler's own nanoseconds.
class ProcessCpuClock {
 public:
  // False when there is no such process.
  bool Open(pid_t pid) { return clock_getcpuclockid(pid, &clock_) == 0; }
  uint64_t Nanos() const { return ReadClock(clock_); }

 private:
  clockid_t clock_ = CLOCK_PROCESS_CPUTIME_ID;
};

}  // namespace coriolis::loadgen
