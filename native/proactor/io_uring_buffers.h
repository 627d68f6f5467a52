// The receive pool as the kernel sees it: one provided-buffer ring that every receive picks its memory from.
#ifndef CORIOLIS_PROACTOR_IO_URING_BUFFERS_H_
#define CORIOLIS_PROACTOR_IO_URING_BUFFERS_H_

#include <cstdint>

#include "io_uring_ring.h"

namespace coriolis::uring {

class ReceiveBuffers {
 public:
  // The one group of buffers there is.
  static constexpr uint16_t kGroup = 0;

  ReceiveBuffers() = default;
  ~ReceiveBuffers() { Unmap(); }
  ReceiveBuffers(const ReceiveBuffers&) = delete;
  ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;

  // Registers the empty ring, with incremental consumption where the kernel has it: many small receives then
  // share a buffer instead of taking 64 KiB each. Returns 0 or -errno.
  int Open(const Ring& ring);
  // After the ring is closed: nothing reads this memory any more.
  void Unmap();

  bool Incremental() const { return incremental_; }

  // Offers the buffers of slab `index`. Slabs come in order. Returns 0 or -errno.
  int AddSlab(uint32_t index, uint8_t* memory);

  // A completion handed buffer `id` out for good: it is TypeScript's until Return.
  void Lend(uint32_t id) { lent_[id / 64] |= 1ull << (id % 64); }
  // Offers the buffer again. Buffers that are not lent are ignored: offering one twice would let two receives
  // write to the same memory.
  void Return(uint32_t id);

 private:
  static constexpr uint32_t kCapacity = layout::kPoolSlabsMax * layout::kPoolSlabBuffers;
  static_assert((kCapacity & (kCapacity - 1)) == 0);

  void Offer(uint32_t id);

  BufferEntry* entries_ = nullptr;
  uint16_t tail_ = 0;
  bool incremental_ = false;
  uint32_t slab_count_ = 0;
  uint8_t* slabs_[layout::kPoolSlabsMax] = {};
  uint64_t lent_[kCapacity / 64] = {};
};

}  // namespace coriolis::uring

#endif  // CORIOLIS_PROACTOR_IO_URING_BUFFERS_H_
