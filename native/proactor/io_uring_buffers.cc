#include "io_uring_buffers.h"

#include <errno.h>
#include <sys/mman.h>

namespace coriolis::uring {

int ReceiveBuffers::Open(const Ring& ring) {
  // Page-aligned, as the kernel asks, and not shared with a child between fork and exec.
  constexpr size_t kBytes = kCapacity * sizeof(BufferEntry);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  madvise(memory, kBytes, MADV_DONTFORK);
  entries_ = static_cast<BufferEntry*>(memory);

  BufferRegistration registration = {};
  registration.ring_address = reinterpret_cast<uintptr_t>(memory);
  registration.ring_entries = kCapacity;
  registration.group = kGroup;
  registration.flags = kBufferRingIncremental;
  int result = ring.Register(kRegisterBufferRing, &registration, 1);
  incremental_ = result == 0;
  if (result == -EINVAL) {
    registration.flags = 0;
    result = ring.Register(kRegisterBufferRing, &registration, 1);
  }
  return result;
}

void ReceiveBuffers::Unmap() {
  if (entries_ != nullptr) munmap(entries_, kCapacity * sizeof(BufferEntry));
  entries_ = nullptr;
}

int ReceiveBuffers::AddSlab(uint32_t index, uint8_t* memory) {
  if (index != slab_count_ || index >= layout::kPoolSlabsMax) return -EINVAL;
  slabs_[slab_count_++] = memory;
  const uint32_t first = index * layout::kPoolSlabBuffers;
  for (uint32_t i = 0; i < layout::kPoolSlabBuffers; i++) Offer(first + i);
  return 0;
}

void ReceiveBuffers::Return(uint32_t id) {
  if (id >= slab_count_ * layout::kPoolSlabBuffers) return;
  uint64_t& word = lent_[id / 64];
  const uint64_t bit = 1ull << (id % 64);
  if ((word & bit) == 0) return;
  word &= ~bit;
  Offer(id);
}

void ReceiveBuffers::Offer(uint32_t id) {
  BufferEntry& entry = entries_[tail_ & (kCapacity - 1)];
  uint8_t* slab = slabs_[id / layout::kPoolSlabBuffers];
  const size_t offset = size_t{id % layout::kPoolSlabBuffers} * layout::kPoolBufferBytes;
  // Field by field: the tail of the ring shares the first entry.
  entry.address = reinterpret_cast<uintptr_t>(slab + offset);
  entry.length = layout::kPoolBufferBytes;
  entry.id = static_cast<uint16_t>(id);
  __atomic_store_n(&entries_[0].tail, ++tail_, __ATOMIC_RELEASE);
}

}  // namespace coriolis::uring
