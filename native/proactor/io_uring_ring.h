// A ring of the kernel's: set-up, the shared memory, and the one system call that submits and reaps.
#ifndef CORIOLIS_PROACTOR_IO_URING_RING_H_
#define CORIOLIS_PROACTOR_IO_URING_RING_H_

#include <cstddef>
#include <cstdint>

#include "io_uring_abi.h"
#include "proactor.h"

namespace coriolis::uring {

class Ring {
 public:
  Ring() = default;
  ~Ring() { Close(); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Makes a ring with the best setup flags that this kernel takes. False: `failure` says why.
  bool Open(uint32_t submission_entries, uint32_t completion_entries, OpenFailure* failure);
  // Unmaps and closes. The kernel may finish cancelling later, so drain first.
  void Close();

  int Fd() const { return fd_; }
  uint32_t SetupFlags() const { return setup_flags_; }
  // Whether this kernel knows the opcode.
  bool Supports(uint8_t opcode) const { return (supported_[opcode / 64] >> (opcode % 64)) & 1; }

  // A zeroed entry to fill in, or nullptr when the queue is full and the kernel takes nothing now.
  SubmissionEntry* NextEntry();
  // Entries filled in that the kernel has not taken.
  uint32_t Unsubmitted() const { return tail_ - LoadAcquire(submission_head_); }

  // Submits what there is and moves finished work into the completion queue; waits for `minimum` completions,
  // at most `timeout` (nullptr: as long as it takes). Returns 0 or -errno.
  int Enter(uint32_t minimum, const Timespec* timeout = nullptr);

  // Whether Enter would move completions into the queue: read from shared memory, no system call.
  bool EnterWouldReap() const {
    return (LoadAcquire(submission_flags_) & (kSubmissionTaskrun | kSubmissionOverflow)) != 0;
  }
  bool Overflowed() const { return (LoadAcquire(submission_flags_) & kSubmissionOverflow) != 0; }

  // The oldest completion not yet taken, or nullptr.
  const CompletionEntry* Peek() const {
    if (completion_position_ == LoadAcquire(completion_tail_)) return nullptr;
    return &completions_[completion_position_ & completion_mask_];
  }
  void Advance() { __atomic_store_n(completion_head_, ++completion_position_, __ATOMIC_RELEASE); }

  // Whether completions signal the registered eventfd.
  void SetEventfdEnabled(bool enabled);

  int Register(uint32_t operation, void* argument, uint32_t count) const;

  uint32_t EnterCalls() const { return enter_calls_; }

 private:
  static uint32_t LoadAcquire(const uint32_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
  bool Map(const SetupParameters& parameters, OpenFailure* failure);
  void ProbeOpcodes();
  void RegisterOwnDescriptor();

  int fd_ = -1;
  int enter_fd_ = -1;         // fd_, or the index under which it is registered with this thread
  uint32_t enter_flags_ = 0;  // kEnterRegisteredRing if it is
  uint32_t setup_flags_ = 0;
  uint64_t supported_[4] = {};

  void* rings_ = nullptr;
  size_t rings_bytes_ = 0;
  void* entries_map_ = nullptr;
  size_t entries_bytes_ = 0;

  uint32_t* submission_head_ = nullptr;
  uint32_t* submission_tail_ = nullptr;
  uint32_t* submission_flags_ = nullptr;
  uint32_t submission_mask_ = 0;
  uint32_t submission_entries_ = 0;
  SubmissionEntry* entries_ = nullptr;
  uint32_t tail_ = 0;  // ours, ahead of *submission_tail_ until Enter

  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  uint32_t* completion_flags_ = nullptr;
  uint32_t completion_mask_ = 0;
  uint32_t completion_position_ = 0;
  CompletionEntry* completions_ = nullptr;

  uint32_t enter_calls_ = 0;
};

}  // namespace coriolis::uring

#endif  // CORIOLIS_PROACTOR_IO_URING_RING_H_
