#include "io_uring_ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace coriolis::uring {

namespace {

int Setup(uint32_t entries, SetupParameters* parameters) {
  const long fd = syscall(kSysSetup, entries, parameters);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

// Setup flags from best to plainest; the first combination that the kernel does not call invalid wins.
// Completions that wait for our own enter (DEFER_TASKRUN) neither interrupt JavaScript nor cost an
// inter-processor interrupt.
constexpr uint32_t kSized = kSetupClamp | kSetupCompletionSize;
constexpr uint32_t kDeferred = kSetupSingleIssuer | kSetupDeferTaskrun | kSetupTaskrunFlag | kSetupSubmitAll;
constexpr uint32_t kCooperative = kSetupCoopTaskrun | kSetupTaskrunFlag | kSetupSubmitAll;
constexpr uint32_t kSetups[] = {
    kSized | kDeferred | kSetupNoSqArray,
    kSized | kDeferred,
    kSized | kCooperative | kSetupSingleIssuer,
    kSized | kCooperative,
    kSized,
};

void* MapShared(int fd, size_t bytes, uint64_t offset) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset));
  if (memory == MAP_FAILED) return nullptr;
  // A child between fork and exec must not share the rings.
  madvise(memory, bytes, MADV_DONTFORK);
  return memory;
}

}  // namespace

bool Ring::Open(uint32_t submission_entries, uint32_t completion_entries, OpenFailure* failure) {
  SetupParameters parameters;
  int fd = -EINVAL;
  for (const uint32_t flags : kSetups) {
    memset(&parameters, 0, sizeof(parameters));
    parameters.flags = flags;
    parameters.completion_entries = completion_entries;
    fd = Setup(submission_entries, &parameters);
    if (fd != -EINVAL) break;
  }
  if (fd < 0) {
    *failure = {fd, "io_uring_setup"};
    return false;
  }
  fd_ = enter_fd_ = fd;
  setup_flags_ = parameters.flags;
  constexpr uint32_t kNeeded = kFeatureSingleMmap | kFeatureNoDrop | kFeatureSubmitStable |
                               kFeatureExtendedArgument | kFeatureCompletionSkip;
  if ((parameters.features & kNeeded) != kNeeded) {
    *failure = {-ENOSYS, "io_uring features of Linux 5.17"};
    Close();
    return false;
  }
  if (!Map(parameters, failure)) {
    Close();
    return false;
  }
  ProbeOpcodes();
  RegisterOwnDescriptor();
  return true;
}

bool Ring::Map(const SetupParameters& parameters, OpenFailure* failure) {
  const SubmissionOffsets& submission = parameters.submission_offsets;
  const CompletionOffsets& completion = parameters.completion_offsets;
  // The completion entries come last, unless there is an index array behind them.
  rings_bytes_ = completion.entries + parameters.completion_entries * sizeof(CompletionEntry);
  const bool has_array = (setup_flags_ & kSetupNoSqArray) == 0;
  if (has_array) {
    const size_t array_end = submission.array + parameters.submission_entries * sizeof(uint32_t);
    if (array_end > rings_bytes_) rings_bytes_ = array_end;
  }
  rings_ = MapShared(fd_, rings_bytes_, kMapRings);
  entries_bytes_ = parameters.submission_entries * sizeof(SubmissionEntry);
  if (rings_ != nullptr) entries_map_ = MapShared(fd_, entries_bytes_, kMapEntries);
  if (entries_map_ == nullptr) {
    *failure = {-errno, "mmap of the io_uring rings"};
    return false;
  }

  uint8_t* base = static_cast<uint8_t*>(rings_);
  const auto word = [base](uint32_t offset) { return reinterpret_cast<uint32_t*>(base + offset); };
  submission_head_ = word(submission.head);
  submission_tail_ = word(submission.tail);
  submission_flags_ = word(submission.flags);
  submission_mask_ = *word(submission.ring_mask);
  submission_entries_ = parameters.submission_entries;
  entries_ = static_cast<SubmissionEntry*>(entries_map_);
  tail_ = *submission_tail_;
  if (has_array) {
    uint32_t* array = word(submission.array);
    for (uint32_t i = 0; i < submission_entries_; i++) array[i] = i;
  }
  completion_head_ = word(completion.head);
  completion_tail_ = word(completion.tail);
  completion_flags_ = word(completion.flags);
  completion_mask_ = *word(completion.ring_mask);
  completion_position_ = *completion_head_;
  completions_ = reinterpret_cast<CompletionEntry*>(base + completion.entries);
  return true;
}

void Ring::Close() {
  if (enter_flags_ != 0) {
    RingFdUpdate update = {static_cast<uint32_t>(enter_fd_), 0, 0};
    Register(kUnregisterRingFds, &update, 1);
    enter_flags_ = 0;
  }
  if (entries_map_ != nullptr) munmap(entries_map_, entries_bytes_);
  if (rings_ != nullptr) munmap(rings_, rings_bytes_);
  entries_map_ = rings_ = nullptr;
  if (fd_ >= 0) close(fd_);
  fd_ = enter_fd_ = -1;
}

void Ring::ProbeOpcodes() {
  Probe probe;
  memset(&probe, 0, sizeof(probe));
  if (Register(kRegisterProbe, &probe, 256) != 0) return;
  for (const ProbeEntry& entry : probe.entries) {
    if ((entry.flags & 1) != 0) supported_[entry.opcode / 64] |= 1ull << (entry.opcode % 64);
  }
}

// Spares the kernel a look-up in the process' table of files at each enter. A thread has 16 places; a ring
// that gets none works as well.
void Ring::RegisterOwnDescriptor() {
  RingFdUpdate update = {~0u, 0, static_cast<uint64_t>(fd_)};
  if (Register(kRegisterRingFds, &update, 1) != 1) return;
  enter_fd_ = static_cast<int>(update.offset);
  enter_flags_ = kEnterRegisteredRing;
}

int Ring::Register(uint32_t operation, void* argument, uint32_t count) const {
  const long result = syscall(kSysRegister, fd_, operation, argument, count);
  return result < 0 ? -errno : static_cast<int>(result);
}

SubmissionEntry* Ring::NextEntry() {
  if (Unsubmitted() == submission_entries_) {
    __atomic_store_n(submission_tail_, tail_, __ATOMIC_RELEASE);
    enter_calls_++;
    syscall(kSysEnter, enter_fd_, submission_entries_, 0, enter_flags_, nullptr, 0);
    if (Unsubmitted() == submission_entries_) return nullptr;
  }
  SubmissionEntry* entry = &entries_[tail_++ & submission_mask_];
  memset(entry, 0, sizeof(*entry));
  return entry;
}

int Ring::Enter(uint32_t minimum, const Timespec* timeout) {
  __atomic_store_n(submission_tail_, tail_, __ATOMIC_RELEASE);
  uint32_t flags = enter_flags_ | kEnterGetEvents;
  EnterArgument argument = {};
  void* argument_pointer = nullptr;
  size_t argument_bytes = 0;
  if (timeout != nullptr) {
    argument.timeout = reinterpret_cast<uintptr_t>(timeout);
    argument_pointer = &argument;
    argument_bytes = sizeof(argument);
    flags |= kEnterExtendedArgument;
  }
  enter_calls_++;
  const long result =
      syscall(kSysEnter, enter_fd_, Unsubmitted(), minimum, flags, argument_pointer, argument_bytes);
  return result < 0 ? -errno : 0;
}

void Ring::SetEventfdEnabled(bool enabled) {
  const uint32_t bits = enabled ? 0 : kCompletionEventfdDisabled;
  __atomic_store_n(completion_flags_, bits, __ATOMIC_RELAXED);
  // What the caller reads next must not be older than this store: it decides on it whether it may sleep.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

}  // namespace coriolis::uring
