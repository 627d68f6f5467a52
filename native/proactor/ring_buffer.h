// A first-in first-out queue in one growing array: no allocation once it has seen its largest load.
#ifndef CORIOLIS_PROACTOR_RING_BUFFER_H_
#define CORIOLIS_PROACTOR_RING_BUFFER_H_

#include <cstddef>
#include <utility>
#include <vector>

namespace coriolis {

template <typename T>
class RingBuffer {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& operator[](size_t index) { return items_[(head_ + index) & (items_.size() - 1)]; }
  T& front() { return items_[head_]; }

  void push(const T& item) {
    if (size_ == items_.size()) Grow();
    items_[(head_ + size_++) & (items_.size() - 1)] = item;
  }

  void pop() {
    head_ = (head_ + 1) & (items_.size() - 1);
    --size_;
  }

  void clear() { head_ = size_ = 0; }

 private:
  void Grow() {
    std::vector<T> larger(items_.empty() ? 64 : items_.size() * 2);
    for (size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    items_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> items_;  // its size is a power of two
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_RING_BUFFER_H_
