// Ending operations before their time.
#include <cerrno>

#include "nonblocking_calls.h"
#include "reactor_core.h"

namespace coriolis {

void Reactor::StartCancel(const Operation& operation) {
  uint32_t reached;
  if (operation.opcode == opcode::kCancelAll) {
    reached = CancelAll();
  } else if (operation.fd >= 0) {
    reached = static_cast<size_t>(operation.fd) < descriptors_.size() ? CancelDescriptor(operation.fd) : 0;
  } else {
    const uint32_t index =
        Find(static_cast<uint32_t>(operation.argument), static_cast<uint32_t>(operation.argument >> 32));
    reached = index == kNone ? 0 : Cancel(index);
  }
  Push(operation, reached > 0 ? static_cast<int32_t>(reached) : -ENOENT, 0);
}

void Reactor::StartClose(const Operation& operation) {
  CancelDescriptor(operation.fd);
  Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
  if (descriptor.first == kNone) return Push(operation, CloseNow(operation.fd), 0);
  // A file worker uses the number right now: closed, it could name another file before the worker's call
  // begins.
  if (descriptor.closing != kNone) return Push(operation, -EBADF, 0);
  descriptor.closing = Keep(operation, Stage::kClosing);
}

// Returns 1 if the operation could be cancelled, else 0.
uint32_t Reactor::Cancel(uint32_t index) {
  const Operation operation = actives_[index].operation;
  switch (actives_[index].stage) {
    case Stage::kWaiting:
      Finish(index, -ECANCELED);
      // Its caller may hand the descriptor to somebody else now.
      if (descriptors_[static_cast<size_t>(operation.fd)].first == kNone) Disarm(operation.fd);
      return 1;
    case Stage::kTimer:
      timers_.Remove(index);
      Finish(index, -ECANCELED);
      return 1;
    case Stage::kFile:
      if (!workers_.Withdraw(index)) return 0;
      --file_jobs_;
      Finish(index, -ECANCELED);
      return 1;
    default:
      return 0;
  }
}

uint32_t Reactor::CancelDescriptor(int32_t fd) {
  uint32_t reached = 0;
  uint32_t index = descriptors_[static_cast<size_t>(fd)].first;
  while (index != kNone) {
    const uint32_t next = actives_[index].next;
    reached += Cancel(index);
    index = next;
  }
  return reached;
}

uint32_t Reactor::CancelAll() {
  uint32_t reached = 0;
  for (uint32_t index = 0; index < actives_.size(); ++index) reached += Cancel(index);
  return reached;
}

int32_t Reactor::CloseNow(int32_t fd) {
  descriptors_[static_cast<size_t>(fd)].closing = kNone;
  Disarm(fd);
  return CloseDescriptor(fd);
}

uint32_t Reactor::Find(uint32_t slot, uint32_t generation) const {
  const auto matches = [&](uint32_t index) {
    const Active& active = actives_[index];
    return active.stage != Stage::kFree && active.operation.slot == slot &&
           active.operation.generation == generation;
  };
  if (slot < active_of_slot_.size()) {
    const uint32_t index = active_of_slot_[slot];
    return index != kNone && matches(index) ? index : kNone;
  }
  for (uint32_t index = 0; index < actives_.size(); ++index) {
    if (matches(index)) return index;
  }
  return kNone;
}

}  // namespace coriolis
