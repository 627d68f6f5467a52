// The exchange: the memory that TypeScript and the core share, one per loop.
//
// TypeScript appends operations to the submission ring, the core appends completions to the completion ring, and
// both sides see each other's batch at the next crossing. Everything happens on one thread (that of the loop), so
// the counters are plain words: what orders the two sides is the call that crosses.
//
//   byte 0            header: kHeaderWords words of 32 bits
//   kSubmissionBytes  submission ring: kSubmissionCapacity entries of kSubmissionWords words
//   kCompletionBytes  completion ring: kCompletionCapacity entries of kCompletionWords words
//
// This file is the single source of the layout: native/generate-layout.mjs turns every constant of namespaces
// `layout`, `opcode` and `flag` below into lib/native/layout.ts, and the linter checks that the two agree. Keep one
// constant a line, with its comment behind it.
#ifndef CORIOLIS_EXCHANGE_H_
#define CORIOLIS_EXCHANGE_H_

#include <cstdint>

namespace coriolis {

// One constant a line, however long its comment.
// clang-format off
namespace layout {
// Header words. Counters run freely and wrap; an index into a ring is counter & (capacity - 1).
constexpr uint32_t kSubmissionHead = 0;   // the core's: entries it has taken
constexpr uint32_t kSubmissionTail = 1;   // TypeScript's: entries it has written
constexpr uint32_t kCompletionHead = 2;   // TypeScript's: entries it has taken
constexpr uint32_t kCompletionTail = 3;   // the core's: entries it has written
constexpr uint32_t kReady = 4;            // TypeScript's: 1 while handles are ready, so the host must not sleep
constexpr uint32_t kPaused = 5;           // TypeScript's: 1 while a pass waits for an async function to reach its next await
constexpr uint32_t kInFlight = 6;         // the core's: operations whose last completion is still to come
constexpr uint32_t kTurns = 7;            // the core's statistics: times it called dispatch
constexpr uint32_t kKernelCalls = 8;      // the core's statistics: io_uring_enter or epoll_wait calls
constexpr uint32_t kOverflows = 9;        // the core's statistics: times the kernel's completion queue had overflowed
constexpr uint32_t kDeadline = 10;        // TypeScript's: a float64 (words 10 and 11), ms of loop time, Infinity: none
constexpr uint32_t kHeaderWords = 16;     // size of the header

constexpr uint32_t kSubmissionCapacity = 2048;  // entries, a power of two
constexpr uint32_t kSubmissionWords = 8;        // words an entry
constexpr uint32_t kCompletionCapacity = 4096;  // entries, a power of two
constexpr uint32_t kCompletionWords = 4;        // words an entry

// Words of a submission.
constexpr uint32_t kSubmitOpcode = 0;      // opcode | flags << 8 | region << 16
constexpr uint32_t kSubmitSlot = 1;        // the operation's slot in TypeScript
constexpr uint32_t kSubmitGeneration = 2;  // the slot's generation: a late completion can't reach the next user
constexpr uint32_t kSubmitFd = 3;          // file descriptor
constexpr uint32_t kSubmitOffset = 4;      // byte offset of the data within the region
constexpr uint32_t kSubmitLength = 5;      // byte length of the data
constexpr uint32_t kSubmitArgLow = 6;      // low and high word of the operation's argument, see opcode
constexpr uint32_t kSubmitArgHigh = 7;     // high word

// Words of a completion.
constexpr uint32_t kCompleteSlot = 0;        // as submitted
constexpr uint32_t kCompleteGeneration = 1;  // as submitted
constexpr uint32_t kCompleteResult = 2;      // >= 0: the operation's result; < 0: -errno
constexpr uint32_t kCompleteFlags = 3;       // flag::k... | buffer id << 16

// Regions: the memory an operation may name. Offsets are checked against the region's length.
constexpr uint32_t kRegionNone = 0;         // no data
constexpr uint32_t kRegionArena = 1;        // the loop's arena: small sends and socket addresses are copied here
constexpr uint32_t kRegionPool = 2;         // receive pool, slab 0; slab k is kRegionPool + k
constexpr uint32_t kPoolSlabsMax = 32;      // slabs the pool may grow to
constexpr uint32_t kRegionPinned = 64;      // first region that pin() hands out
constexpr uint32_t kRegionMax = 65535;      // last region that pin() hands out

constexpr uint32_t kPoolBufferBytes = 65536;  // size of a receive buffer
constexpr uint32_t kPoolSlabBuffers = 16;     // buffers in a slab: 1 MiB. Buffer b lives in slab b / 16
}  // namespace layout

// What an operation does; proactor/proactor.h has the full contract. "arg" is the 64-bit argument.
namespace opcode {
constexpr uint8_t kAccept = 1;         // multishot: each completion's result is a connected, non-blocking, close-on-exec fd
constexpr uint8_t kConnect = 2;        // region/offset/length: the sockaddr, copied when submitted
constexpr uint8_t kReceive = 3;        // multishot, into pool buffers; result 0 is the end of the stream
constexpr uint8_t kSend = 4;           // all of region/offset/length: completes when everything is sent, or with the error
constexpr uint8_t kShutdown = 5;       // arg: SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2
constexpr uint8_t kClose = 6;          // cancels every operation on the fd, then closes it
constexpr uint8_t kRead = 7;           // region/offset/length at file offset arg (all ones: the current position)
constexpr uint8_t kWrite = 8;          // likewise; result may be short
constexpr uint8_t kPoll = 9;           // one shot; arg: POLLIN 1, POLLOUT 4 mask; result: the events that are there
constexpr uint8_t kTimeout = 10;       // arg: nanoseconds from submission; result -ETIME when due
constexpr uint8_t kCancel = 11;        // fd < 0: the operation with slot = arg low, generation = arg high; else every operation on fd
constexpr uint8_t kCancelAll = 12;     // every operation of this loop
constexpr uint8_t kReturnBuffer = 13;  // arg low: the pool buffer that TypeScript no longer reads. Has no completion
constexpr uint8_t kLast = 13;          // highest opcode
}  // namespace opcode

namespace flag {
constexpr uint32_t kMore = 1;        // completion: another one of the same operation will follow
constexpr uint32_t kBuffer = 2;      // completion: the data are in pool buffer (flags >> 16), at the bytes after its last completion's
constexpr uint32_t kBufferMore = 4;  // completion: the core goes on filling this buffer; without it the buffer is TypeScript's until kReturnBuffer
}  // namespace flag
// clang-format on

static_assert((layout::kSubmissionCapacity & (layout::kSubmissionCapacity - 1)) == 0);
static_assert((layout::kCompletionCapacity & (layout::kCompletionCapacity - 1)) == 0);

}  // namespace coriolis

#endif  // CORIOLIS_EXCHANGE_H_
