#include "io_uring_records.h"

namespace coriolis::uring {

namespace {

uint32_t& Slot(std::vector<uint32_t>& table, size_t index) {
  if (index >= table.size()) table.resize(index + index / 2 + 64, Record::kNone);
  return table[index];
}

}  // namespace

Record& Records::Add(const Operation& operation) {
  uint32_t index = free_;
  if (index == Record::kNone) {
    index = used_++;
    if (index % kChunkRecords == 0) chunks_.push_back(std::make_unique<Record[]>(kChunkRecords));
  } else {
    free_ = At(index).next_on_fd;
  }
  Record& record = At(index);
  record.index = index;
  // The topmost bit of user_data marks the proactor's own entries.
  record.serial = (record.serial + 1) & 0x7fffffff;
  record.slot = operation.slot;
  record.generation = operation.generation;
  record.fd = operation.fd;
  record.opcode = operation.opcode;
  record.cancelled = false;
  record.data = operation.data;
  record.length = operation.length;
  record.done = 0;
  record.argument = operation.argument;
  record.next_on_fd = record.previous_on_fd = Record::kNone;
  record.on_fd =
      operation.fd >= 0 && operation.opcode != opcode::kClose && operation.opcode != opcode::kTimeout;
  if (operation.slot < kSlotLimit) Slot(by_slot_, operation.slot) = index;
  if (record.on_fd) Link(record);
  count_++;
  return record;
}

void Records::Remove(Record& record) {
  if (record.on_fd) Unlink(record);
  if (record.slot < kSlotLimit && by_slot_[record.slot] == record.index)
    by_slot_[record.slot] = Record::kNone;
  record.opcode = 0;
  record.address.reset();
  record.next_on_fd = free_;
  free_ = record.index;
  count_--;
}

Record* Records::FindUserData(uint64_t user_data) {
  const uint32_t index = static_cast<uint32_t>(user_data);
  if (index >= used_) return nullptr;
  Record& record = At(index);
  return record.opcode != 0 && record.UserData() == user_data ? &record : nullptr;
}

Record* Records::FindSlot(uint32_t slot, uint32_t generation) {
  if (slot >= by_slot_.size() || by_slot_[slot] == Record::kNone) return nullptr;
  Record& record = At(by_slot_[slot]);
  return record.generation == generation ? &record : nullptr;
}

Record* Records::FirstOnFd(int32_t fd) {
  if (fd < 0 || static_cast<size_t>(fd) >= by_fd_.size() || by_fd_[fd] == Record::kNone) return nullptr;
  return &At(by_fd_[fd]);
}

void Records::Link(Record& record) {
  uint32_t& head = Slot(by_fd_, static_cast<size_t>(record.fd));
  record.next_on_fd = head;
  if (head != Record::kNone) At(head).previous_on_fd = record.index;
  head = record.index;
}

void Records::Unlink(Record& record) {
  if (record.next_on_fd != Record::kNone) At(record.next_on_fd).previous_on_fd = record.previous_on_fd;
  if (record.previous_on_fd != Record::kNone) {
    At(record.previous_on_fd).next_on_fd = record.next_on_fd;
  } else {
    by_fd_[record.fd] = record.next_on_fd;
  }
}

}  // namespace coriolis::uring
