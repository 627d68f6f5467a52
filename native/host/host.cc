#include "host.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "descriptors.h"

namespace coriolis {

namespace {

// A turn gives libuv its go after this many dispatches or this long, whichever comes first.
constexpr int kTurnDispatches = 8;
constexpr uint64_t kTurnNanoseconds = 1000 * 1000;

// A proactor may wake for reasons of its own (a deadline that has moved); this often it is put back to sleep
// at once.
constexpr int kSleepAttempts = 4;

// The open hosts of this thread: one for each event loop in it.
thread_local std::vector<Host*> hosts_of_thread;

// A multishot completion that carries no buffer is an accepted connection.
bool IsAccepted(const Completion& completion) {
  return (completion.flags & (flag::kMore | flag::kBuffer)) == flag::kMore && completion.result >= 0;
}

bool TakesDescriptor(uint8_t opcode) {
  switch (opcode) {
    case opcode::kTimeout:
    case opcode::kCancel:
    case opcode::kCancelAll:
    case opcode::kReturnBuffer:
      return false;
    default:
      return true;
  }
}

}  // namespace

uint64_t Host::NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

std::shared_ptr<Host> Host::Open(Napi::Env env, Options options, int* error) {
  std::shared_ptr<Host> host(new Host(env, std::move(options)));
  *error = host->Start();
  if (*error == 0) return host;
  host->proactor_->Shutdown();
  return nullptr;
}

Host::Host(Napi::Env env, Options options)
    : env_(env),
      proactor_(std::move(options.proactor)),
      exchange_(options.exchange.Data()),
      regions_(env),
      dispatch_(env, options.dispatch),
      origin_(options.origin) {
  regions_.Keep(options.exchange);
  regions_.Set(layout::kRegionArena, static_cast<uint8_t*>(options.arena.Data()), options.arena.ByteLength(),
               options.arena);
}

int Host::Start() {
  if (napi_get_uv_event_loop(env_, &loop_) != napi_ok) return -ENOSYS;
  // The only call that can fail comes first: a handle that was initialized must be closed by libuv.
  if (const int error = uv_poll_init(loop_, &poll_, proactor_->WakeDescriptor()); error != 0) return error;
  uv_prepare_init(loop_, &prepare_);
  uv_idle_init(loop_, &idle_);
  self_ = shared_from_this();
  for (uv_handle_t* handle :
       {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&prepare_),
        reinterpret_cast<uv_handle_t*>(&idle_)}) {
    handle->data = this;
    uv_unref(handle);
    open_handles_++;
  }
  uv_poll_start(&poll_, UV_READABLE, OnPoll);
  uv_prepare_start(&prepare_, OnPrepare);
  napi_add_async_cleanup_hook(env_, OnEnvironmentEnd, this, &cleanup_hook_);
  hosts_of_thread.push_back(this);
  return 0;
}

void Host::OnPrepare(uv_prepare_t* handle) {
  Host* host = static_cast<Host*>(handle->data);
  if (!host->NeedsTurn()) return;
  host->Turn();
  // The turn may have given work to another loop of this thread whose own prepare has run already.
  for (Host* other : hosts_of_thread) {
    if (other != host && other->open_ && other->NeedsTurn()) other->StayAwake();
  }
}

void Host::OnPoll(uv_poll_t* handle, int, int) {
  static_cast<Host*>(handle->data)->Turn();
}

bool Host::NeedsTurn() const {
  return awake_ || exchange_.HasSubmissions() || exchange_.Ready() || exchange_.Paused() ||
         exchange_.Unread() != 0 || exchange_.Deadline() != slept_deadline_ms_;
}

void Host::Turn() {
  if (in_turn_ || !open_) return;
  in_turn_ = true;
  WakeUp();
  uint64_t began_ns = 0;
  int dispatches = 0;
  int sleep_attempts = 0;
  while (true) {
    Exchange();
    if (!WorkWaits()) {
      if (Sleep()) break;
      if (++sleep_attempts < kSleepAttempts) continue;
      StayAwake();
      break;
    }
    if (dispatches == 0) {
      began_ns = NowNs();
    } else if (dispatches == kTurnDispatches || NowNs() - began_ns > kTurnNanoseconds) {
      StayAwake();
      break;
    }
    dispatches++;
    exchange_.Increment(layout::kTurns);
    const bool called = dispatch_.Call();
    if (!open_) break;
    if (!called) {
      StayAwake();
      break;
    }
  }
  in_turn_ = false;
}

void Host::WakeUp() {
  if (awake_) return;
  awake_ = true;
  proactor_->WakeUp();
}

bool Host::WorkWaits() const {
  if (exchange_.Unread() != 0 || exchange_.Ready() || exchange_.Paused()) return true;
  const double deadline_ms = exchange_.Deadline();
  return deadline_ms != INFINITY && NowNs() >= DeadlineNs(deadline_ms);
}

bool Host::Sleep() {
  const double deadline_ms = exchange_.Deadline();
  if (!proactor_->PrepareToSleep(DeadlineNs(deadline_ms))) return false;
  slept_deadline_ms_ = deadline_ms;
  awake_ = false;
  uv_idle_stop(&idle_);
  return true;
}

void Host::StayAwake() {
  if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_))) uv_idle_start(&idle_, OnIdle);
}

uint64_t Host::DeadlineNs(double deadline_ms) const {
  const double distance_ns = (deadline_ms - origin_.loop_ms) * 1e6;
  if (distance_ns <= 0) return origin_.monotonic_ns;
  // Also true of Infinity and NaN. 2^62 ns are 146 years.
  if (!(distance_ns < 0x1p62)) return UINT64_MAX;
  // Rounded up: waking before the deadline would only mean going back to sleep.
  return origin_.monotonic_ns + static_cast<uint64_t>(std::ceil(distance_ns));
}

uint32_t Host::Poll() {
  if (!open_) return 0;
  WakeUp();
  Exchange();
  return exchange_.Unread();
}

void Host::Exchange() {
  SubmitAll();
  Harvest();
  exchange_.Set(layout::kInFlight, proactor_->InFlight() + static_cast<uint32_t>(rejected_.size()));
  exchange_.Set(layout::kKernelCalls, proactor_->KernelCalls());
  exchange_.Set(layout::kOverflows, proactor_->Overflows());
}

void Host::SubmitAll() {
  while (exchange_.HasSubmissions()) {
    const uint32_t* words = exchange_.Submission();
    if (!SubmitOne(words)) {
      Harvest();
      if (!SubmitOne(words)) return;  // the kernel takes nothing now; the next turn tries again
    }
    exchange_.TakeSubmission();
  }
}

// False: the proactor has no room.
bool Host::SubmitOne(const uint32_t* words) {
  const uint32_t head = words[layout::kSubmitOpcode];
  Operation operation;
  operation.opcode = static_cast<uint8_t>(head);
  operation.slot = words[layout::kSubmitSlot];
  operation.generation = words[layout::kSubmitGeneration];
  operation.fd = static_cast<int32_t>(words[layout::kSubmitFd]);
  operation.length = words[layout::kSubmitLength];
  operation.argument =
      words[layout::kSubmitArgLow] | (static_cast<uint64_t>(words[layout::kSubmitArgHigh]) << 32);

  const bool known = operation.opcode >= 1 && operation.opcode <= opcode::kLast;
  const bool has_memory =
      regions_.Resolve(head >> 16, words[layout::kSubmitOffset], operation.length, &operation.data);
  const bool has_descriptor = operation.fd >= 0 || !TakesDescriptor(operation.opcode);
  // A result must be able to say how many bytes it was.
  const bool has_length = operation.length <= INT32_MAX;
  if (!known || !has_memory || !has_length || !has_descriptor) {
    Reject(operation.slot, operation.generation, -EINVAL);
    return true;
  }
  if (operation.opcode == opcode::kReturnBuffer &&
      operation.argument >= uint64_t{slab_count_} * layout::kPoolSlabBuffers) {
    return true;  // there is no completion to say so with
  }
  if (!proactor_->Submit(operation)) return false;
  if (operation.opcode == opcode::kClose) ForgetDescriptor(operation.fd);
  return true;
}

void Host::Reject(uint32_t slot, uint32_t generation, int32_t error) {
  rejected_.push_back({slot, generation, error, 0});
}

void Host::Harvest() {
  if (!rejected_.empty()) {
    size_t taken = 0;
    while (taken < rejected_.size() && exchange_.ContiguousRoom() > 0) {
      *exchange_.NextCompletion() = rejected_[taken++];
      exchange_.AddCompletions(1);
    }
    rejected_.erase(rejected_.begin(), rejected_.begin() + static_cast<ptrdiff_t>(taken));
  }
  // A second time when the first filled the ring up to the end of its memory.
  for (int part = 0; part < 2; part++) {
    const uint32_t room = exchange_.ContiguousRoom();
    Completion* completions = exchange_.NextCompletion();
    const uint32_t count = proactor_->Poll(completions, room);
    for (uint32_t i = 0; i < count; i++) {
      if (IsAccepted(completions[i])) AdoptDescriptor(completions[i].result);
    }
    exchange_.AddCompletions(count);
    if (count < room || room == 0) break;
  }
}

void Host::SetReferenced(bool referenced) {
  if (!open_) return;
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (referenced) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

int Host::AddPoolSlab(Napi::ArrayBuffer slab) {
  if (slab_count_ == layout::kPoolSlabsMax) return -ENOSPC;
  uint8_t* memory = static_cast<uint8_t*>(slab.Data());
  if (const int error = proactor_->AddPoolSlab(slab_count_, memory); error != 0) return error;
  regions_.Set(layout::kRegionPool + slab_count_, memory, slab.ByteLength(), slab);
  slab_count_++;
  return 0;
}

void Host::Close() {
  if (!open_) return;
  open_ = false;
  hosts_of_thread.erase(std::find(hosts_of_thread.begin(), hosts_of_thread.end(), this));
  SubmitAll();  // among them may be closes
  proactor_->Shutdown();
  CloseUndelivered();
  for (uv_handle_t* handle :
       {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&prepare_),
        reinterpret_cast<uv_handle_t*>(&idle_)}) {
    uv_close(handle, OnClosed);
  }
}

// Connections that TypeScript will never hear of.
void Host::CloseUndelivered() {
  for (uint32_t unread = exchange_.Unread(); unread > 0; unread--) {
    const Completion& completion = exchange_.OldestCompletion();
    if (IsAccepted(completion)) {
      ForgetDescriptor(completion.result);
      close(completion.result);
    }
    exchange_.TakeCompletion();
  }
}

void Host::OnClosed(uv_handle_t* handle) {
  Host* host = static_cast<Host*>(handle->data);
  if (--host->open_handles_ > 0) return;
  host->regions_.ReleaseAll();
  host->dispatch_.Release();
  napi_remove_async_cleanup_hook(host->cleanup_hook_);
  host->self_.reset();
}

// The environment waits for the handles to close, because OnClosed removes the hook.
void Host::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* host) {
  static_cast<Host*>(host)->Close();
}

}  // namespace coriolis
