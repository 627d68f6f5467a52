#include "epoll.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <initializer_list>

namespace coriolis {
namespace {

static_assert(readiness::kIn == EPOLLIN && readiness::kPriority == EPOLLPRI && readiness::kOut == EPOLLOUT &&
              readiness::kError == EPOLLERR && readiness::kHangup == EPOLLHUP &&
              readiness::kPeerClosed == EPOLLRDHUP);

constexpr uint32_t kEventsPerWait = 1024;
constexpr uint64_t kNanosecondsPerSecond = 1000000000;

class Epoll final : public Selector {
 public:
  Epoll() = default;
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  ~Epoll() override {
    for (int fd : {notify_fd_, timer_fd_, epoll_fd_}) {
      if (fd >= 0) close(fd);
    }
  }

  bool Open(OpenFailure* failure) {
    if ((epoll_fd_ = epoll_create1(EPOLL_CLOEXEC)) < 0) return Fail(failure, "epoll_create1");
    if ((timer_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) < 0) {
      return Fail(failure, "timerfd_create");
    }
    if ((notify_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) return Fail(failure, "eventfd");
    // Edge-triggered, neither is ever read: each expiry and each write is an edge of its own, and setting the
    // timer clears its expiries. The eventfd's counter would overflow after 2^64 notifications.
    if (Add(timer_fd_, readiness::kIn, kTimerToken) != 0 ||
        Add(notify_fd_, readiness::kIn, kNotifyToken) != 0) {
      return Fail(failure, "epoll_ctl");
    }
    return true;
  }

  const char* Name() const override { return "epoll"; }
  int Descriptor() const override { return epoll_fd_; }

  int Add(int fd, uint32_t interest, uint64_t token) override {
    return Control(EPOLL_CTL_ADD, fd, interest, token);
  }
  int Modify(int fd, uint32_t interest, uint64_t token) override {
    return Control(EPOLL_CTL_MOD, fd, interest, token);
  }
  int Remove(int fd) override { return Control(EPOLL_CTL_DEL, fd, 0, 0); }

  uint32_t Wait(ReadyEvent* out, uint32_t capacity, int timeout_ms) override {
    const uint32_t room = capacity < kEventsPerWait ? capacity : kEventsPerWait;
    const int count = epoll_wait(epoll_fd_, events_, static_cast<int>(room), timeout_ms);
    if (count <= 0) return 0;
    for (int i = 0; i < count; ++i) out[i] = {events_[i].data.u64, events_[i].events};
    return static_cast<uint32_t>(count);
  }

  void SetTimer(uint64_t deadline_ns) override {
    itimerspec at = {};
    if (deadline_ns != UINT64_MAX) {
      // All zeros would disarm it.
      if (deadline_ns == 0) deadline_ns = 1;
      at.it_value.tv_sec = static_cast<time_t>(deadline_ns / kNanosecondsPerSecond);
      at.it_value.tv_nsec = static_cast<long>(deadline_ns % kNanosecondsPerSecond);
    }
    timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &at, nullptr);
  }

  void Notify() override {
    const uint64_t one = 1;
    while (write(notify_fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

 private:
  static bool Fail(OpenFailure* failure, const char* call) {
    failure->error = -errno;
    failure->call = call;
    return false;
  }

  int Control(int operation, int fd, uint32_t interest, uint64_t token) {
    epoll_event event = {};
    event.events = EPOLLET | interest;
    if ((interest & readiness::kIn) != 0) event.events |= EPOLLRDHUP;
    event.data.u64 = token;
    return epoll_ctl(epoll_fd_, operation, fd, &event) == 0 ? 0 : -errno;
  }

  int epoll_fd_ = -1;
  int timer_fd_ = -1;
  int notify_fd_ = -1;
  epoll_event events_[kEventsPerWait];
};

}  // namespace

std::unique_ptr<Selector> OpenEpoll(OpenFailure* failure) {
  auto epoll = std::make_unique<Epoll>();
  if (!epoll->Open(failure)) return nullptr;
  return epoll;
}

}  // namespace coriolis
