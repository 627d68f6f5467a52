// The pool of receive buffers of a proactor whose kernel picks none: one buffer at a time is filled, by all
// sockets in turn, so that small messages cost no buffer each and the memory in use stays small and in the
// cache.
#ifndef CORIOLIS_PROACTOR_RECEIVE_POOL_H_
#define CORIOLIS_PROACTOR_RECEIVE_POOL_H_

#include <cerrno>
#include <cstdint>
#include <vector>

#include "../exchange.h"

namespace coriolis {

class ReceivePool {
 public:
  int AddSlab(uint32_t index, uint8_t* memory) {
    if (memory == nullptr || index >= layout::kPoolSlabsMax || index != slabs_.size()) return -EINVAL;
    slabs_.push_back(memory);
    owners_.resize(owners_.size() + layout::kPoolSlabBuffers, Owner::kPool);
    // The stack is served from its end: lowest buffer first.
    for (uint32_t i = layout::kPoolSlabBuffers; i-- > 0;)
      free_.push_back(index * layout::kPoolSlabBuffers + i);
    return 0;
  }

  // The free part of the buffer being filled; false when the pool is empty.
  bool Space(uint8_t** memory, uint32_t* length) {
    if (current_ == kNone) {
      if (free_.empty()) return false;
      current_ = free_.back();
      free_.pop_back();
      owners_[current_] = Owner::kFilling;
      filled_ = 0;
    }
    *memory = slabs_[current_ / layout::kPoolSlabBuffers] +
              static_cast<size_t>(current_ % layout::kPoolSlabBuffers) * layout::kPoolBufferBytes + filled_;
    *length = layout::kPoolBufferBytes - filled_;
    return true;
  }

  // The first `length` bytes of Space were filled. Returns the flags of the completion that hands them over.
  uint32_t Fill(uint32_t length) {
    uint32_t flags = flag::kBuffer | current_ << 16;
    filled_ += length;
    if (layout::kPoolBufferBytes - filled_ >= kLeastSpace) return flags | flag::kBufferMore;
    owners_[current_] = Owner::kCaller;
    current_ = kNone;
    return flags;
  }

  // Ignores buffers that the caller does not hold.
  void Return(uint32_t buffer) {
    if (buffer >= owners_.size() || owners_[buffer] != Owner::kCaller) return;
    owners_[buffer] = Owner::kPool;
    free_.push_back(buffer);  // the warmest memory is used first
  }

 private:
  enum class Owner : uint8_t { kPool, kFilling, kCaller };
  static constexpr uint32_t kNone = UINT32_MAX;
  // A remainder smaller than this is given up, so that small messages stay in one piece.
  static constexpr uint32_t kLeastSpace = 2048;

  std::vector<uint8_t*> slabs_;
  std::vector<Owner> owners_;   // of each buffer
  std::vector<uint32_t> free_;  // a stack
  uint32_t current_ = kNone;
  uint32_t filled_ = 0;
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_RECEIVE_POOL_H_
