// Nanosecond clocks: monotonic time, and the processor time of this or another process (all of its threads).
#pragma once

#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

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

// Time that all processors of the machine together have been busy with anything since boot, in ticks of 10
// ms; 0 when the system does not say.
inline uint64_t MachineBusyNanos() {
  FILE* file = std::fopen("/proc/stat", "re");
  if (file == nullptr) return 0;
  unsigned long long user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, interrupt = 0, softInterrupt = 0,
                     stolen = 0;
  const int fields = std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
                                 &idle, &ioWait, &interrupt, &softInterrupt, &stolen);
  std::fclose(file);
  if (fields != 8) return 0;
  const uint64_t ticks = user + nice + system + interrupt + softInterrupt + stolen;
  return ticks * (kNanosPerSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

}  // namespace coriolis::loadgen
