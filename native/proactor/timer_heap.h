// Deadlines of operations, earliest first; those with the same deadline in the order they were added.
#ifndef CORIOLIS_PROACTOR_TIMER_HEAP_H_
#define CORIOLIS_PROACTOR_TIMER_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coriolis {

class TimerHeap {
 public:
  bool empty() const { return nodes_.empty(); }
  uint64_t EarliestNs() const { return nodes_.empty() ? UINT64_MAX : nodes_[0].deadline_ns; }
  uint32_t EarliestId() const { return nodes_[0].id; }

  // `id` is a small number of the caller's, not in the heap yet.
  void Add(uint64_t deadline_ns, uint32_t id) {
    if (id >= positions_.size()) positions_.resize(static_cast<size_t>(id) * 2 + 16);
    nodes_.push_back({deadline_ns, sequence_++, id});
    Up(nodes_.size() - 1);
  }

  // `id` is in the heap.
  void Remove(uint32_t id) {
    const size_t hole = positions_[id];
    const Node last = nodes_.back();
    nodes_.pop_back();
    if (hole == nodes_.size()) return;
    Put(hole, last);
    Up(hole);
    Down(positions_[last.id]);
  }

  void Clear() { nodes_.clear(); }

 private:
  struct Node {
    uint64_t deadline_ns;
    uint64_t sequence;
    uint32_t id;

    bool Before(const Node& other) const {
      return deadline_ns != other.deadline_ns ? deadline_ns < other.deadline_ns : sequence < other.sequence;
    }
  };

  void Put(size_t position, const Node& node) {
    nodes_[position] = node;
    positions_[node.id] = position;
  }

  void Up(size_t position) {
    const Node node = nodes_[position];
    while (position > 0) {
      const size_t parent = (position - 1) / 2;
      if (!node.Before(nodes_[parent])) break;
      Put(position, nodes_[parent]);
      position = parent;
    }
    Put(position, node);
  }

  void Down(size_t position) {
    const Node node = nodes_[position];
    for (;;) {
      size_t child = position * 2 + 1;
      if (child >= nodes_.size()) break;
      if (child + 1 < nodes_.size() && nodes_[child + 1].Before(nodes_[child])) ++child;
      if (!nodes_[child].Before(node)) break;
      Put(position, nodes_[child]);
      position = child;
    }
    Put(position, node);
  }

  std::vector<Node> nodes_;
  std::vector<size_t> positions_;  // of an id's node
  uint64_t sequence_ = 0;
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_TIMER_HEAP_H_
