// The kernel's io_uring interface, as far as this library uses it. Declared here rather than taken from
// <linux/io_uring.h>, so that the build machine's headers (often years older than the kernels the binary
// meets) decide nothing. Names follow the kernel's with the prefix IORING_ dropped. The kernel never changes
// any of this.
#ifndef CORIOLIS_PROACTOR_IO_URING_ABI_H_
#define CORIOLIS_PROACTOR_IO_URING_ABI_H_

#include <cstdint>

namespace coriolis::uring {

// System call numbers: the same on every architecture but alpha, which offsets them.
constexpr long kSysSetup = 425;
constexpr long kSysEnter = 426;
constexpr long kSysRegister = 427;

// One operation for the kernel.
struct SubmissionEntry {
  uint8_t opcode;
  uint8_t flags;      // kEntry...
  uint16_t priority;  // also: multishot flags of accept and recv
  int32_t fd;
  uint64_t offset;  // also: address length of connect, second address of timeout update
  uint64_t address;
  uint32_t length;
  uint32_t operation_flags;  // meaning depends on the opcode
  uint64_t user_data;
  uint16_t buffer_group;
  uint16_t personality;
  int32_t file_index;
  uint64_t address3;
  uint64_t reserved;
};
static_assert(sizeof(SubmissionEntry) == 64);

struct CompletionEntry {
  uint64_t user_data;
  int32_t result;
  uint32_t flags;  // kCompletion...
};
static_assert(sizeof(CompletionEntry) == 16);

struct SubmissionOffsets {
  uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, reserved;
  uint64_t user_address;
};

struct CompletionOffsets {
  uint32_t head, tail, ring_mask, ring_entries, overflow, entries, flags, reserved;
  uint64_t user_address;
};

struct SetupParameters {
  uint32_t submission_entries;
  uint32_t completion_entries;
  uint32_t flags;  // kSetup...
  uint32_t thread_cpu;
  uint32_t thread_idle;
  uint32_t features;  // kFeature...
  uint32_t workqueue_fd;
  uint32_t reserved[3];
  SubmissionOffsets submission_offsets;
  CompletionOffsets completion_offsets;
};
static_assert(sizeof(SetupParameters) == 120);

// 64-bit time on every architecture.
struct Timespec {
  int64_t seconds;
  int64_t nanoseconds;
};

struct EnterArgument {
  uint64_t signal_mask;
  uint32_t signal_mask_size;
  uint32_t minimum_wait_us;
  uint64_t timeout;  // const Timespec*
};
static_assert(sizeof(EnterArgument) == 24);

struct ProbeEntry {
  uint8_t opcode;
  uint8_t reserved;
  uint16_t flags;  // bit 0: supported
  uint32_t reserved2;
};

struct Probe {
  uint8_t last_opcode;
  uint8_t entry_count;
  uint16_t reserved;
  uint32_t reserved2[3];
  ProbeEntry entries[256];
};

// One buffer of a provided-buffer ring. The ring's tail lives in the last field of entry 0.
struct BufferEntry {
  uint64_t address;
  uint32_t length;
  uint16_t id;
  uint16_t tail;
};
static_assert(sizeof(BufferEntry) == 16);

struct BufferRegistration {
  uint64_t ring_address;
  uint32_t ring_entries;
  uint16_t group;
  uint16_t flags;  // kBufferRing...
  uint64_t reserved[3];
};
static_assert(sizeof(BufferRegistration) == 40);

struct RingFdUpdate {
  uint32_t offset;  // ~0: any
  uint32_t reserved;
  uint64_t fd;
};

// Setup flags, with the kernel that introduced each.
constexpr uint32_t kSetupCompletionSize = 1u << 3;
constexpr uint32_t kSetupClamp = 1u << 4;
constexpr uint32_t kSetupSubmitAll = 1u << 7;      // 5.18
constexpr uint32_t kSetupCoopTaskrun = 1u << 8;    // 5.19
constexpr uint32_t kSetupTaskrunFlag = 1u << 9;    // 5.19
constexpr uint32_t kSetupSingleIssuer = 1u << 12;  // 6.0
constexpr uint32_t kSetupDeferTaskrun = 1u << 13;  // 6.1
constexpr uint32_t kSetupNoSqArray = 1u << 16;     // 6.6

constexpr uint32_t kFeatureSingleMmap = 1u << 0;
constexpr uint32_t kFeatureNoDrop = 1u << 1;
constexpr uint32_t kFeatureSubmitStable = 1u << 2;
constexpr uint32_t kFeatureExtendedArgument = 1u << 8;  // 5.11
constexpr uint32_t kFeatureCompletionSkip = 1u << 11;   // 5.17

// Offsets for mmap of the ring's parts.
constexpr uint64_t kMapRings = 0;
constexpr uint64_t kMapEntries = 0x10000000;

// Bits in the rings' flag words.
constexpr uint32_t kSubmissionOverflow = 1u << 1;  // completions wait inside the kernel for room
constexpr uint32_t kSubmissionTaskrun = 1u << 2;   // completions wait for the next enter
constexpr uint32_t kCompletionEventfdDisabled = 1u << 0;

constexpr uint32_t kEnterGetEvents = 1u << 0;
constexpr uint32_t kEnterExtendedArgument = 1u << 3;
constexpr uint32_t kEnterRegisteredRing = 1u << 4;

constexpr uint32_t kRegisterEventfd = 4;
constexpr uint32_t kRegisterProbe = 8;
constexpr uint32_t kRegisterRingFds = 20;
constexpr uint32_t kUnregisterRingFds = 21;
constexpr uint32_t kRegisterBufferRing = 22;

constexpr uint16_t kBufferRingIncremental = 2;  // IOU_PBUF_RING_INC, 6.12

// Opcodes.
constexpr uint8_t kPollAdd = 6;
constexpr uint8_t kTimeout = 11;
constexpr uint8_t kTimeoutRemove = 12;
constexpr uint8_t kAccept = 13;
constexpr uint8_t kAsyncCancel = 14;
constexpr uint8_t kConnect = 16;
constexpr uint8_t kClose = 19;
constexpr uint8_t kRead = 22;
constexpr uint8_t kWrite = 23;
constexpr uint8_t kSend = 26;
constexpr uint8_t kReceive = 27;
constexpr uint8_t kShutdown = 34;

// Flags of a submission entry.
constexpr uint8_t kEntryBufferSelect = 1u << 5;
constexpr uint8_t kEntrySkipSuccess = 1u << 6;

constexpr uint16_t kAcceptMultishot = 1u << 0;   // in priority
constexpr uint16_t kReceiveMultishot = 1u << 1;  // in priority

constexpr uint32_t kTimeoutAbsolute = 1u << 0;
constexpr uint32_t kTimeoutUpdate = 1u << 1;

constexpr uint32_t kCancelEvery = 1u << 0;  // all that match, not just the first
constexpr uint32_t kCancelAny = 1u << 2;    // everything matches

// Flags of a completion entry.
constexpr uint32_t kCompletionBuffer = 1u << 0;
constexpr uint32_t kCompletionMore = 1u << 1;
constexpr uint32_t kCompletionBufferMore = 1u << 4;
constexpr uint32_t kCompletionBufferShift = 16;

}  // namespace coriolis::uring

#endif  // CORIOLIS_PROACTOR_IO_URING_ABI_H_
