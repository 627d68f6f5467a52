#include "reactor.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "../selector/epoll.h"
#include "nonblocking_calls.h"
#include "reactor_core.h"

namespace coriolis {
namespace {

constexpr uint32_t kEventsPerTurn = 1024;
// Slots beyond this are looked up by search. TypeScript's slots are dense, so there are that many operations
// then.
constexpr uint32_t kIndexedSlots = 1 << 20;

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

std::unique_ptr<Proactor> OpenReactor(OpenFailure* failure) {
  *failure = {};
  std::unique_ptr<Selector> selector = OpenEpoll(failure);
  if (!selector) return nullptr;
  // A write to a broken pipe raises SIGPIPE, which no flag of write prevents. Node ignores it already.
  struct sigaction action;
  if (sigaction(SIGPIPE, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
      action.sa_handler == SIG_DFL) {
    signal(SIGPIPE, SIG_IGN);
  }
  return std::make_unique<Reactor>(std::move(selector));
}

Reactor::Reactor(std::unique_ptr<Selector> selector)
    : name_(selector->Name()),
      selector_(std::move(selector)),
      workers_(selector_.get()),
      events_(kEventsPerTurn) {}

Reactor::~Reactor() {
  Shutdown();
}

bool Reactor::Submit(const Operation& operation) {
  if (!selector_) return false;
  if (operation.opcode == opcode::kReturnBuffer) {
    pool_.Return(static_cast<uint32_t>(operation.argument));
    return true;
  }
  ++in_flight_;
  Start(operation);
  return true;
}

uint32_t Reactor::Poll(Completion* out, uint32_t capacity) {
  if (!selector_) return 0;
  if (workers_.HasResults()) TakeFileResults();
  if (!timers_.empty()) ExpireTimers();
  if (completions_.size() < capacity) {
    Select();
    RunReady(capacity);
  }
  uint32_t count = 0;
  while (count < capacity && !completions_.empty()) {
    out[count] = completions_.front().completion;
    if ((out[count].flags & flag::kMore) == 0) --in_flight_;
    completions_.pop();
    ++count;
  }
  return count;
}

int Reactor::WakeDescriptor() const {
  return selector_ ? selector_->Descriptor() : -1;
}

bool Reactor::PrepareToSleep(uint64_t deadline_ns) {
  if (!selector_ || !completions_.empty() || !ready_.empty()) return false;
  const uint64_t earliest_ns = std::min(deadline_ns, timers_.EarliestNs());
  if (earliest_ns != kNever && earliest_ns <= NowNs()) return false;
  // A timer that is set too early stays: deadlines mostly move away (a timeout per message, say), and one
  // wake-up too many costs less than setting the timer each time.
  if (earliest_ns < timer_ns_) {
    selector_->SetTimer(earliest_ns);
    timer_ns_ = earliest_ns;
  }
  if (file_jobs_ > 0) {
    may_be_notified_ = true;
    workers_.NotifyNextResult();
    if (workers_.HasResults()) {
      workers_.StopNotifying();
      return false;
    }
  }
  return true;
}

void Reactor::Shutdown() {
  if (!selector_) return;
  CancelAll();
  workers_.Shutdown();
  for (const Active& active : actives_) {
    if (active.stage == Stage::kClosing) CloseDescriptor(active.operation.fd);
  }
  for (size_t i = 0; i < completions_.size(); ++i) {
    if (completions_[i].carries_descriptor) CloseDescriptor(completions_[i].completion.result);
  }
  completions_.clear();
  ready_.clear();
  timers_.Clear();
  in_flight_ = 0;
  selector_.reset();
}

// Whether `fd` can be an index: it is small, or at least it is open.
bool Reactor::Reach(int32_t fd) {
  if (fd < 0) return false;
  if (static_cast<size_t>(fd) < descriptors_.size()) return true;
  if (fcntl(fd, F_GETFD) < 0) return false;
  Grow(fd);
  return true;
}

void Reactor::Grow(int32_t fd) {
  const size_t needed = static_cast<size_t>(fd) + 1;
  if (needed > descriptors_.size())
    descriptors_.resize(std::max<size_t>({needed, descriptors_.size() * 2, 64}));
}

// Asks the selector, unless it can't have anything to say; what it says is put into `ready_`.
void Reactor::Select() {
  if (registered_ == 0 && !may_be_notified_ && (timer_ns_ == kNever || NowNs() < timer_ns_)) return;
  // What completed while it was submitted is delivered first, so that a burst of sends costs no extra call.
  // Every other time, so that nobody can keep the selector from being asked.
  if (!completions_.empty() && !skipped_select_) {
    skipped_select_ = true;
    return;
  }
  skipped_select_ = false;
  ++kernel_calls_;
  const uint32_t count = selector_->Wait(events_.data(), kEventsPerTurn, 0);
  for (uint32_t i = 0; i < count; ++i) TakeEvent(events_[i]);
}

void Reactor::TakeEvent(const ReadyEvent& event) {
  if (event.token == Selector::kTimerToken) {
    timer_ns_ = kNever;
    if (!timers_.empty()) ExpireTimers();
    return;
  }
  if (event.token == Selector::kNotifyToken) {
    may_be_notified_ = false;
    if (workers_.HasResults()) TakeFileResults();
    return;
  }
  const auto fd = static_cast<int32_t>(static_cast<uint32_t>(event.token));
  Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
  if (descriptor.generation != static_cast<uint32_t>(event.token >> 32)) return;
  if (descriptor.first == kNone && !descriptor.owned) {
    Disarm(fd);
    return;
  }
  constexpr uint32_t kFailed = readiness::kError | readiness::kHangup;
  if ((event.events & (readiness::kIn | readiness::kPeerClosed | kFailed)) != 0) descriptor.readable = true;
  if ((event.events & (readiness::kOut | kFailed)) != 0) descriptor.writable = true;
  if ((event.events & (readiness::kPeerClosed | kFailed)) != 0) descriptor.ending = true;
  CompletePolls(fd, event.events);
  Enqueue(fd);
}

void Reactor::ExpireTimers() {
  const uint64_t now_ns = NowNs();
  while (timers_.EarliestNs() <= now_ns) {
    const uint32_t index = timers_.EarliestId();
    timers_.Remove(index);
    Finish(index, -ETIME);
  }
}

void Reactor::TakeFileResults() {
  workers_.TakeResults(&file_results_);
  for (const FileResult& result : file_results_) {
    --file_jobs_;
    const Active& active = actives_[result.id];
    const int32_t fd = active.operation.fd;
    const auto done = static_cast<int32_t>(active.done);
    Finish(result.id, result.result >= 0 ? done + result.result : done > 0 ? done : result.result);
    const Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
    if (descriptor.first == kNone && descriptor.closing != kNone) {
      const uint32_t closing = descriptor.closing;
      Finish(closing, CloseNow(fd));
    }
  }
}

void Reactor::Push(const Operation& operation, int32_t result, uint32_t flags, bool carries_descriptor) {
  completions_.push({{operation.slot, operation.generation, result, flags}, carries_descriptor});
}

// Records an operation that goes on. All stages but kTimer and kClosing put it on its descriptor's list.
uint32_t Reactor::Keep(const Operation& operation, Stage stage) {
  uint32_t index = free_active_;
  if (index != kNone) {
    free_active_ = actives_[index].next;
  } else {
    index = static_cast<uint32_t>(actives_.size());
    actives_.emplace_back();
  }
  Active& active = actives_[index];
  active = {operation, stage, 0, kNone, kNone};
  if (operation.slot < kIndexedSlots) {
    if (operation.slot >= active_of_slot_.size()) {
      active_of_slot_.resize(std::max<size_t>(operation.slot + 1, active_of_slot_.size() * 2), kNone);
    }
    active_of_slot_[operation.slot] = index;
  }
  if (stage == Stage::kWaiting || stage == Stage::kFile) {
    Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
    active.previous = descriptor.last;
    (descriptor.last == kNone ? descriptor.first : actives_[descriptor.last].next) = index;
    descriptor.last = index;
  }
  return index;
}

// The last completion of a recorded operation. Its memory is the caller's again.
void Reactor::Finish(uint32_t index, int32_t result) {
  Active& active = actives_[index];
  Push(active.operation, result, 0);
  if (active.stage == Stage::kWaiting || active.stage == Stage::kFile) {
    Descriptor& descriptor = descriptors_[static_cast<size_t>(active.operation.fd)];
    (active.previous == kNone ? descriptor.first : actives_[active.previous].next) = active.next;
    (active.next == kNone ? descriptor.last : actives_[active.next].previous) = active.previous;
  }
  active.stage = Stage::kFree;
  active.next = free_active_;
  free_active_ = index;
}

}  // namespace coriolis
