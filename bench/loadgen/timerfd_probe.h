// How late a bare timerfd wakes its process: the floor under every sleep a library can offer on this machine.
#pragma once

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "clocks.h"

namespace coriolis::loadgen {

// Sleeps `count` times for `durationNanos` in epoll_wait, as an event loop does, and prints a JSON object
// with the overshoots in nanoseconds. False (with a message on stderr) when the kernel refuses.
inline bool ProbeTimerfd(uint64_t durationNanos, uint32_t count) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  epoll_event interest{};
  interest.events = EPOLLIN;
  if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &interest) != 0) {
    std::fprintf(stderr, "loadgen: timerfd: %s\n", std::strerror(errno));
    return false;
  }
  std::vector<uint64_t> overshoots;
  overshoots.reserve(count);
  const uint64_t cpuBegan = OwnCpuNanos();
  while (overshoots.size() < count) {
    itimerspec setting{};
    setting.it_value.tv_sec = static_cast<time_t>(durationNanos / kNanosPerSecond);
    setting.it_value.tv_nsec = static_cast<long>(durationNanos % kNanosPerSecond);
    const uint64_t began = MonotonicNanos();
    timerfd_settime(timer, 0, &setting, nullptr);
    epoll_event event;
    while (epoll_wait(epoll, &event, 1, -1) < 1) {
    }
    uint64_t expirations = 0;
    if (read(timer, &expirations, sizeof expirations) != sizeof expirations) continue;
    const uint64_t slept = MonotonicNanos() - began;
    overshoots.push_back(slept > durationNanos ? slept - durationNanos : 0);
  }
  const uint64_t cpuNanos = OwnCpuNanos() - cpuBegan;
  std::printf("{\"cpuNanos\":%llu,\"overshootNanos\":[", static_cast<unsigned long long>(cpuNanos));
  const char* separator = "";
  for (const uint64_t overshoot : overshoots) {
    std::printf("%s%llu", separator, static_cast<unsigned long long>(overshoot));
    separator = ",";
  }
  std::printf("]}\n");
  close(timer);
  close(epoll);
  return true;
}

}  // namespace coriolis::loadgen
