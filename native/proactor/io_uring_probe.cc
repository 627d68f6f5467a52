#include "io_uring_probe.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "io_uring_buffers.h"
#include "io_uring_ring.h"

namespace coriolis::uring {

namespace {

constexpr Timespec kPatience = {1, 0};

// The next completion of the receive, or a result of -ETIME.
CompletionEntry NextCompletion(Ring& ring) {
  if (ring.Peek() == nullptr) ring.Enter(1, &kPatience);
  const CompletionEntry* entry = ring.Peek();
  if (entry == nullptr) return {0, -ETIME, 0};
  const CompletionEntry copy = *entry;
  ring.Advance();
  return copy;
}

OpenFailure ReceiveOnce(Ring& ring, int receiving, int sending, const uint8_t* slab) {
  SubmissionEntry* entry = ring.NextEntry();
  entry->opcode = kReceive;
  entry->fd = receiving;
  entry->flags = kEntryBufferSelect;
  entry->priority = kReceiveMultishot;
  entry->buffer_group = ReceiveBuffers::kGroup;

  constexpr char kMessage[] = {'a', 'b', 'c'};
  if (send(sending, kMessage, sizeof(kMessage), MSG_NOSIGNAL) != sizeof(kMessage)) return {-errno, "send"};
  const CompletionEntry received = NextCompletion(ring);
  // Whatever it was, the end of the stream ends the receive, and then the kernel is done with the buffers.
  close(sending);
  CompletionEntry last = received;
  while ((last.flags & kCompletionMore) != 0) last = NextCompletion(ring);

  constexpr const char* kCall = "IORING_OP_RECV multishot";
  if (received.result < 0) return {received.result, kCall};
  constexpr uint32_t kWanted = kCompletionBuffer | kCompletionMore;
  const bool works = received.result == sizeof(kMessage) && (received.flags & kWanted) == kWanted &&
                     received.flags >> kCompletionBufferShift == 0 &&
                     memcmp(slab, kMessage, sizeof(kMessage)) == 0;
  return works ? OpenFailure{} : OpenFailure{-EOPNOTSUPP, kCall};
}

OpenFailure TryReceive() {
  OpenFailure failure;
  Ring ring;
  if (!ring.Open(8, 64, &failure)) return failure;
  ReceiveBuffers buffers;
  if (const int error = buffers.Open(ring); error != 0) return {error, "IORING_REGISTER_PBUF_RING"};
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return {-errno, "socketpair"};
  constexpr size_t kSlabBytes = size_t{layout::kPoolSlabBuffers} * layout::kPoolBufferBytes;
  void* slab = mmap(nullptr, kSlabBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (slab == MAP_FAILED) {
    failure = {-errno, "mmap"};
    close(pair[1]);
  } else {
    buffers.AddSlab(0, static_cast<uint8_t*>(slab));
    failure = ReceiveOnce(ring, pair[0], pair[1], static_cast<uint8_t*>(slab));
  }
  close(pair[0]);
  ring.Close();
  if (slab != MAP_FAILED) munmap(slab, kSlabBytes);
  return failure;
}

}  // namespace

bool MultishotReceiveWorks(OpenFailure* failure) {
  static const OpenFailure found = TryReceive();
  if (found.error != 0) *failure = found;
  return found.error == 0;
}

}  // namespace coriolis::uring
