#include "io_uring.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "io_uring_buffers.h"
#include "io_uring_probe.h"
#include "io_uring_records.h"
#include "io_uring_ring.h"

namespace coriolis {

namespace {

using uring::CompletionEntry;
using uring::Record;
using uring::SubmissionEntry;

// Entries for the kernel are written straight into its queue; a full queue costs one more enter. The
// completion queue holds what one turn can bring at worst (every connection of a busy server at once); beyond
// it the kernel keeps completions in a list of its own, and ends multishots.
constexpr uint32_t kSubmissionEntries = 512;
constexpr uint32_t kCompletionEntries = 8192;

// user_data of the proactor's own entries. Records never have the topmost bit.
constexpr uint64_t kOwnDeadline = (1ull << 63) | 1;
constexpr uint64_t kOwnIgnored = (1ull << 63) | 2;  // deadline updates and cancels: only their effect counts

// The kernel finishes about this many operations in one enter and leaves the rest for the next.
constexpr uint32_t kEnterBatch = 20;
// Bounds one Poll while peers send faster than it reaps.
constexpr int kEntersPerPoll = 16;

constexpr uint64_t kNoDeadline = UINT64_MAX;
constexpr uint64_t kNanosecondsPerSecond = 1000000000;

uring::Timespec ToTimespec(uint64_t nanoseconds) {
  return {static_cast<int64_t>(nanoseconds / kNanosecondsPerSecond),
          static_cast<int64_t>(nanoseconds % kNanosecondsPerSecond)};
}

class IoUring final : public Proactor {
 public:
  ~IoUring() override { Shutdown(); }

  bool Open(OpenFailure* failure);
  void AppendFeatures(std::vector<std::string>* features) const;

  const char* Name() const override { return "io_uring"; }
  int AddPoolSlab(uint32_t index, uint8_t* memory) override { return buffers_.AddSlab(index, memory); }
  bool Submit(const Operation& operation) override;
  uint32_t Poll(Completion* out, uint32_t capacity) override;
  int WakeDescriptor() const override { return eventfd_; }
  bool PrepareToSleep(uint64_t deadline_ns) override;
  void WakeUp() override;
  uint32_t InFlight() const override {
    return records_.Count() + static_cast<uint32_t>(backlog_.size() - backlog_taken_);
  }
  uint32_t Overflows() const override { return overflows_; }
  uint32_t KernelCalls() const override { return ring_.EnterCalls() + eventfd_reads_; }
  void Shutdown() override;

 private:
  bool StartNew(const Operation& operation);
  bool Start(Record& record);
  bool SubmitCancel(const Operation& operation);
  bool SubmitCancelAll(const Operation& operation);
  bool SubmitClose(const Operation& operation);
  bool CancelRecord(Record& record);
  void Restart(Record& record);
  void RestartWaiting();

  // Where completions of this Poll go; what does not fit waits in backlog_.
  struct Output {
    Completion* next;
    Completion* end;
  };
  uint32_t Harvest(Output* output);
  void Complete(const CompletionEntry& entry, Output* output);
  void CompleteReceive(Record& record, const CompletionEntry& entry, Output* output);
  void CompleteAccept(Record& record, const CompletionEntry& entry, Output* output);
  void CompleteSend(Record& record, int32_t result, Output* output);
  void Finish(Record& record, int32_t result, uint32_t flags, Output* output);
  void Emit(const Completion& completion, Output* output);
  void FinishAtOnce(const Operation& operation, int32_t result);

  bool ArmDeadline(uint64_t deadline_ns);
  void DrainEventfd();

  uring::Ring ring_;
  uring::ReceiveBuffers buffers_;
  uring::Records records_;
  int eventfd_ = -1;
  bool open_ = false;

  std::vector<Completion> backlog_;  // completions without a kernel's, or without room in the last Poll
  size_t backlog_taken_ = 0;
  std::vector<uint64_t> waiting_;  // user_data of records to start again once the submission queue has room

  bool asleep_ = false;
  bool skipped_drain_ = false;
  bool deadline_armed_ = false;
  uint64_t deadline_ns_ = kNoDeadline;  // what the armed timeout stands at
  uring::Timespec deadline_timespec_ = {};

  bool shutting_down_ = false;
  uint32_t overflows_ = 0;
  uint32_t eventfd_reads_ = 0;
};

bool IoUring::Open(OpenFailure* failure) {
  if (!ring_.Open(kSubmissionEntries, kCompletionEntries, failure)) return false;
  constexpr struct {
    uint8_t opcode;
    const char* name;
  } kNeeded[] = {
      {uring::kPollAdd, "IORING_OP_POLL_ADD"},
      {uring::kTimeout, "IORING_OP_TIMEOUT"},
      {uring::kTimeoutRemove, "IORING_OP_TIMEOUT_REMOVE"},
      {uring::kAccept, "IORING_OP_ACCEPT"},
      {uring::kAsyncCancel, "IORING_OP_ASYNC_CANCEL"},
      {uring::kConnect, "IORING_OP_CONNECT"},
      {uring::kClose, "IORING_OP_CLOSE"},
      {uring::kRead, "IORING_OP_READ"},
      {uring::kWrite, "IORING_OP_WRITE"},
      {uring::kSend, "IORING_OP_SEND"},
      {uring::kReceive, "IORING_OP_RECV"},
      {uring::kShutdown, "IORING_OP_SHUTDOWN"},
  };
  for (const auto& needed : kNeeded) {
    if (!ring_.Supports(needed.opcode)) {
      *failure = {-EOPNOTSUPP, needed.name};
      return false;
    }
  }
  if (!uring::MultishotReceiveWorks(failure)) return false;
  if (const int error = buffers_.Open(ring_); error != 0) {
    *failure = {error, "IORING_REGISTER_PBUF_RING"};
    return false;
  }
  eventfd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (eventfd_ < 0) {
    *failure = {-errno, "eventfd"};
    return false;
  }
  if (const int error = ring_.Register(uring::kRegisterEventfd, &eventfd_, 1); error != 0) {
    *failure = {error, "IORING_REGISTER_EVENTFD"};
    return false;
  }
  ring_.SetEventfdEnabled(false);
  open_ = true;
  return true;
}

void IoUring::AppendFeatures(std::vector<std::string>* features) const {
  const auto flag = [&](uint32_t bit, const char* name) {
    if ((ring_.SetupFlags() & bit) != 0) features->push_back(name);
  };
  flag(uring::kSetupSingleIssuer, "SINGLE_ISSUER");
  flag(uring::kSetupDeferTaskrun, "DEFER_TASKRUN");
  flag(uring::kSetupCoopTaskrun, "COOP_TASKRUN");
  flag(uring::kSetupTaskrunFlag, "TASKRUN_FLAG");
  flag(uring::kSetupSubmitAll, "SUBMIT_ALL");
  flag(uring::kSetupNoSqArray, "NO_SQARRAY");
  features->push_back("multishot accept");
  features->push_back("multishot receive");
  features->push_back(buffers_.Incremental() ? "incremental buffers" : "whole buffers");
}

bool IoUring::Submit(const Operation& operation) {
  if (operation.opcode == opcode::kReturnBuffer) {
    buffers_.Return(static_cast<uint32_t>(operation.argument));
    return true;
  }
  if (operation.slot >= uring::Records::kSlotLimit) {
    FinishAtOnce(operation, -EINVAL);
    return true;
  }
  if (operation.fd >= uring::Records::kFdLimit) {
    FinishAtOnce(operation, -EBADF);
    return true;
  }
  switch (operation.opcode) {
    case opcode::kCancel:
      return SubmitCancel(operation);
    case opcode::kCancelAll:
      return SubmitCancelAll(operation);
    case opcode::kClose:
      return SubmitClose(operation);
    case opcode::kConnect:
      if (operation.length > sizeof(sockaddr_storage)) {
        FinishAtOnce(operation, -EINVAL);
        return true;
      }
      break;
    default:
      break;
  }
  return StartNew(operation);
}

bool IoUring::StartNew(const Operation& operation) {
  Record& record = records_.Add(operation);
  if (operation.opcode == opcode::kConnect) {
    record.address = std::make_unique<sockaddr_storage>();
    if (operation.length != 0) memcpy(record.address.get(), operation.data, operation.length);
  } else if (operation.opcode == opcode::kTimeout) {
    record.timespec = ToTimespec(operation.argument);
  }
  if (Start(record)) return true;
  records_.Remove(record);
  return false;
}

// Writes the kernel's entry for a record, at first and whenever the operation goes on after having ended
// early.
bool IoUring::Start(Record& record) {
  SubmissionEntry* entry = ring_.NextEntry();
  if (entry == nullptr) return false;
  entry->user_data = record.UserData();
  entry->fd = record.fd;
  switch (record.opcode) {
    case opcode::kAccept:
      entry->opcode = uring::kAccept;
      entry->priority = uring::kAcceptMultishot;
      entry->operation_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      break;
    case opcode::kConnect:
      entry->opcode = uring::kConnect;
      entry->address = reinterpret_cast<uintptr_t>(record.address.get());
      entry->offset = record.length;
      break;
    case opcode::kReceive:
      entry->opcode = uring::kReceive;
      entry->flags = uring::kEntryBufferSelect;
      entry->priority = uring::kReceiveMultishot;
      entry->buffer_group = uring::ReceiveBuffers::kGroup;
      break;
    case opcode::kSend:
      entry->opcode = uring::kSend;
      entry->address = reinterpret_cast<uintptr_t>(record.data + record.done);
      entry->length = record.length - record.done;
      entry->operation_flags = MSG_WAITALL | MSG_NOSIGNAL;
      break;
    case opcode::kShutdown:
      entry->opcode = uring::kShutdown;
      entry->length = static_cast<uint32_t>(record.argument);
      break;
    case opcode::kClose:
      entry->opcode = uring::kClose;
      break;
    case opcode::kRead:
    case opcode::kWrite:
      entry->opcode = record.opcode == opcode::kRead ? uring::kRead : uring::kWrite;
      entry->address = reinterpret_cast<uintptr_t>(record.data);
      entry->length = record.length;
      entry->offset = record.argument;
      break;
    case opcode::kPoll: {
      entry->opcode = uring::kPollAdd;
      uint32_t events = static_cast<uint32_t>(record.argument);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
      events = (events << 16) | (events >> 16);  // the kernel keeps the 16-bit field of old at its place
#endif
      entry->operation_flags = events;
      break;
    }
    case opcode::kTimeout:
      entry->opcode = uring::kTimeout;
      entry->address = reinterpret_cast<uintptr_t>(&record.timespec);
      entry->length = 1;
      break;
  }
  return true;
}

// One cancel by user_data: the kernel finds it in a hash table, where a cancel by descriptor walks every
// armed poll.
bool IoUring::CancelRecord(Record& record) {
  if (record.cancelled) return true;
  SubmissionEntry* entry = ring_.NextEntry();
  if (entry == nullptr) return false;
  record.cancelled = true;
  entry->opcode = uring::kAsyncCancel;
  entry->fd = -1;
  entry->address = record.UserData();
  entry->flags = uring::kEntrySkipSuccess;
  entry->user_data = kOwnIgnored;
  return true;
}

bool IoUring::SubmitCancel(const Operation& operation) {
  int32_t reached = 0;
  if (operation.fd < 0) {
    Record* record = records_.FindSlot(static_cast<uint32_t>(operation.argument),
                                       static_cast<uint32_t>(operation.argument >> 32));
    if (record != nullptr) {
      if (!CancelRecord(*record)) return false;
      reached = 1;
    }
  } else {
    for (Record* record = records_.FirstOnFd(operation.fd); record != nullptr;
         record = records_.NextOnFd(*record)) {
      if (!CancelRecord(*record)) return false;
      reached++;
    }
  }
  FinishAtOnce(operation, reached > 0 ? reached : -ENOENT);
  return true;
}

bool IoUring::SubmitCancelAll(const Operation& operation) {
  int32_t reached = 0;
  SubmissionEntry* entry = nullptr;
  if (records_.Count() > 0) {
    entry = ring_.NextEntry();
    if (entry == nullptr) return false;
    entry->opcode = uring::kAsyncCancel;
    entry->fd = -1;
    entry->operation_flags = uring::kCancelEvery | uring::kCancelAny;
    entry->user_data = kOwnIgnored;
    records_.ForEach([&](Record& record) {
      if (record.opcode == opcode::kClose) return;
      record.cancelled = true;
      reached++;
    });
  }
  FinishAtOnce(operation, reached > 0 ? reached : -ENOENT);
  return true;
}

bool IoUring::SubmitClose(const Operation& operation) {
  for (Record* record = records_.FirstOnFd(operation.fd); record != nullptr;
       record = records_.NextOnFd(*record)) {
    if (!CancelRecord(*record)) return false;
  }
  return StartNew(operation);
}

// Starts an operation again that the kernel ended before its contract was fulfilled.
void IoUring::Restart(Record& record) {
  if (!Start(record)) waiting_.push_back(record.UserData());
}

void IoUring::RestartWaiting() {
  std::vector<uint64_t> waiting;
  waiting.swap(waiting_);
  for (const uint64_t user_data : waiting) {
    Record* record = records_.FindUserData(user_data);
    if (record == nullptr) continue;
    if (record->cancelled) {
      Output nowhere = {nullptr, nullptr};
      Finish(*record, -ECANCELED, 0, &nowhere);
    } else {
      Restart(*record);
    }
  }
}

uint32_t IoUring::Poll(Completion* out, uint32_t capacity) {
  if (!open_) return 0;
  Output output = {out, out + capacity};
  if (!waiting_.empty()) RestartWaiting();
  while (backlog_taken_ < backlog_.size() && output.next != output.end) {
    *output.next++ = backlog_[backlog_taken_++];
  }
  if (backlog_taken_ == backlog_.size()) {
    backlog_.clear();
    backlog_taken_ = 0;
  }
  if (ring_.Overflowed()) overflows_++;
  if (ring_.Unsubmitted() > 0 || ring_.EnterWouldReap()) ring_.Enter(0);
  uint32_t harvested = Harvest(&output);
  // While a burst lasts, each further enter brings as many; together they cost JavaScript one callback. A few
  // stragglers are left to gather company.
  for (int i = 0; i < kEntersPerPoll && harvested >= kEnterBatch && ring_.EnterWouldReap(); i++) {
    ring_.Enter(0);
    harvested = Harvest(&output);
  }
  return static_cast<uint32_t>(output.next - out);
}

// Returns how many of the kernel's completions it took.
uint32_t IoUring::Harvest(Output* output) {
  uint32_t taken = 0;
  for (; output->next != output->end; taken++) {
    const CompletionEntry* next = ring_.Peek();
    if (next == nullptr) break;
    const CompletionEntry entry = *next;
    ring_.Advance();
    Complete(entry, output);
  }
  return taken;
}

void IoUring::Complete(const CompletionEntry& entry, Output* output) {
  if (entry.user_data == kOwnDeadline) {
    deadline_armed_ = false;
    return;
  }
  if (entry.user_data == kOwnIgnored) return;
  Record* record = records_.FindUserData(entry.user_data);
  if (record == nullptr) return;
  switch (record->opcode) {
    case opcode::kReceive:
      return CompleteReceive(*record, entry, output);
    case opcode::kAccept:
      return CompleteAccept(*record, entry, output);
    case opcode::kSend:
      return CompleteSend(*record, entry.result, output);
    default:
      // A cancel interrupts a system call that a helper thread of the kernel is in.
      return Finish(*record, record->cancelled && entry.result == -EINTR ? -ECANCELED : entry.result, 0,
                    output);
  }
}

void IoUring::CompleteReceive(Record& record, const CompletionEntry& entry, Output* output) {
  uint32_t flags = 0;
  if ((entry.flags & uring::kCompletionBuffer) != 0) {
    const uint32_t id = entry.flags >> uring::kCompletionBufferShift;
    const bool goes_on = (entry.flags & uring::kCompletionBufferMore) != 0;
    if (!goes_on) buffers_.Lend(id);
    if (entry.result > 0) {
      flags = flag::kBuffer | (id << 16) | (goes_on ? flag::kBufferMore : 0);
    } else if (!goes_on) {
      buffers_.Return(id);
    }
  }
  if ((entry.flags & uring::kCompletionMore) != 0) {
    Emit({record.slot, record.generation, entry.result, flags | flag::kMore}, output);
    return;
  }
  if (entry.result <= 0) return Finish(record, entry.result, flags, output);
  // The kernel ended the multishot, but not for a reason of the stream's.
  Emit({record.slot, record.generation, entry.result, flags | flag::kMore}, output);
  if (record.cancelled) return Finish(record, -ECANCELED, 0, output);
  Restart(record);
}

void IoUring::CompleteAccept(Record& record, const CompletionEntry& entry, Output* output) {
  if (entry.result < 0) {
    Finish(record, entry.result, 0, output);
    return;
  }
  if (shutting_down_) close(entry.result);  // a connection that nobody will learn of
  Emit({record.slot, record.generation, entry.result, flag::kMore}, output);
  if ((entry.flags & uring::kCompletionMore) != 0) return;
  if (record.cancelled) return Finish(record, -ECANCELED, 0, output);
  Restart(record);
}

void IoUring::CompleteSend(Record& record, int32_t result, Output* output) {
  if (result <= 0) {
    // An error after a part had gone: the kernel reports the part first, so this is the second round.
    return Finish(record, result < 0 ? result : static_cast<int32_t>(record.done), 0, output);
  }
  record.done += static_cast<uint32_t>(result);
  if (record.done >= record.length) return Finish(record, static_cast<int32_t>(record.done), 0, output);
  if (record.cancelled) return Finish(record, -ECANCELED, 0, output);
  Restart(record);
}

void IoUring::Finish(Record& record, int32_t result, uint32_t flags, Output* output) {
  const Completion completion = {record.slot, record.generation, result, flags};
  records_.Remove(record);
  Emit(completion, output);
}

void IoUring::Emit(const Completion& completion, Output* output) {
  if (shutting_down_) return;  // nobody will learn of it
  if (output->next != output->end) {
    *output->next++ = completion;
  } else {
    backlog_.push_back(completion);
  }
}

void IoUring::FinishAtOnce(const Operation& operation, int32_t result) {
  backlog_.push_back({operation.slot, operation.generation, result, 0});
}

bool IoUring::PrepareToSleep(uint64_t deadline_ns) {
  if (!open_) return true;
  if (backlog_taken_ < backlog_.size() || !waiting_.empty()) return false;
  // A deadline that moved later is left to fire for nothing, once: cheaper than telling the kernel each time.
  if (deadline_ns < (deadline_armed_ ? deadline_ns_ : kNoDeadline) && !ArmDeadline(deadline_ns)) return false;
  if (ring_.Unsubmitted() > 0) {
    ring_.Enter(0);
    if (ring_.Unsubmitted() > 0) return false;
  }
  ring_.SetEventfdEnabled(true);
  if (ring_.EnterWouldReap() || ring_.Peek() != nullptr) {
    ring_.SetEventfdEnabled(false);
    return false;
  }
  asleep_ = true;
  return true;
}

bool IoUring::ArmDeadline(uint64_t deadline_ns) {
  SubmissionEntry* entry = ring_.NextEntry();
  if (entry == nullptr) return false;
  deadline_timespec_ = ToTimespec(deadline_ns);
  if (deadline_armed_) {
    // If it fires before the kernel sees this, the update fails and the next sleep arms a new one.
    entry->opcode = uring::kTimeoutRemove;
    entry->fd = -1;
    entry->flags = uring::kEntrySkipSuccess;
    entry->address = kOwnDeadline;
    entry->offset = reinterpret_cast<uintptr_t>(&deadline_timespec_);
    entry->operation_flags = uring::kTimeoutUpdate | uring::kTimeoutAbsolute;
    entry->user_data = kOwnIgnored;
  } else {
    entry->opcode = uring::kTimeout;
    entry->fd = -1;
    entry->address = reinterpret_cast<uintptr_t>(&deadline_timespec_);
    entry->length = 1;
    entry->operation_flags = uring::kTimeoutAbsolute;
    entry->user_data = kOwnDeadline;
  }
  deadline_armed_ = true;
  deadline_ns_ = deadline_ns;
  return true;
}

void IoUring::WakeUp() {
  if (!asleep_) return;
  asleep_ = false;
  ring_.SetEventfdEnabled(false);
  // The eventfd was signalled only if something happened, and that shows in memory, except for a signal that
  // was under way while it was being disabled. So when nothing shows, the read is left out, but not twice in
  // a row.
  if (skipped_drain_ || ring_.EnterWouldReap() || ring_.Peek() != nullptr) {
    DrainEventfd();
    skipped_drain_ = false;
  } else {
    skipped_drain_ = true;
  }
}

void IoUring::DrainEventfd() {
  uint64_t count;
  eventfd_reads_++;
  while (read(eventfd_, &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

void IoUring::Shutdown() {
  if (!open_) return;
  open_ = false;
  shutting_down_ = true;
  ring_.SetEventfdEnabled(false);
  // Operations that wait for room in the submission queue are in nobody's hands but ours.
  for (const uint64_t user_data : waiting_) {
    if (Record* record = records_.FindUserData(user_data)) records_.Remove(*record);
  }
  waiting_.clear();
  records_.ForEach([](Record& record) { record.cancelled = true; });

  // Everything submitted is started first (a close must happen), then cancelled; again from time to time,
  // because a cancel can miss an operation that one of the kernel's helper threads is just picking up.
  const uring::Timespec patience = ToTimespec(20 * 1000 * 1000);
  while (records_.Count() > 0 || deadline_armed_) {
    if (SubmissionEntry* entry = ring_.NextEntry()) {
      entry->opcode = uring::kAsyncCancel;
      entry->fd = -1;
      entry->operation_flags = uring::kCancelEvery | uring::kCancelAny;
      entry->user_data = kOwnIgnored;
      entry->flags = uring::kEntrySkipSuccess;
    }
    int error = 0;
    do {
      Completion scratch[1];
      Output output = {scratch, scratch + 1};
      Harvest(&output);
      if (records_.Count() == 0 && !deadline_armed_) break;
      error = ring_.Enter(1, &patience);
    } while (error == 0);
  }
  ring_.Close();
  buffers_.Unmap();
  close(eventfd_);
  eventfd_ = -1;
}

}  // namespace

std::unique_ptr<Proactor> OpenIoUring(OpenFailure* failure, std::vector<std::string>* features) {
  auto proactor = std::make_unique<IoUring>();
  if (!proactor->Open(failure)) return nullptr;
  if (features != nullptr) proactor->AppendFeatures(features);
  return proactor;
}

}  // namespace coriolis
