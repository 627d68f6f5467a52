// The operations that a ring is carrying out: one record each, found by the kernel's user_data, by
// TypeScript's slot, or by file descriptor.
#ifndef CORIOLIS_PROACTOR_IO_URING_RECORDS_H_
#define CORIOLIS_PROACTOR_IO_URING_RECORDS_H_

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "io_uring_abi.h"
#include "proactor.h"

namespace coriolis::uring {

struct Record {
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t index = 0;   // own place in the table
  uint32_t serial = 0;  // how often the place was used: keeps a stray user_data from its next user
  uint32_t slot = 0;
  uint32_t generation = 0;
  int32_t fd = -1;
  uint8_t opcode = 0;      // 0: the record is free
  bool on_fd = false;      // linked with the other operations on its descriptor
  bool cancelled = false;  // a cancel was asked for: never start it again
  uint8_t* data = nullptr;
  uint32_t length = 0;
  uint32_t done = 0;  // bytes of a send that have gone
  uint64_t argument = 0;
  Timespec timespec = {};
  std::unique_ptr<sockaddr_storage> address;
  uint32_t next_on_fd = kNone;  // also links free records
  uint32_t previous_on_fd = kNone;

  uint64_t UserData() const { return index | (static_cast<uint64_t>(serial) << 32); }
};

class Records {
 public:
  // Descriptors and slots beyond these do not occur: the kernel's own limits are lower, and a table sized by
  // a nonsensical number would eat the memory.
  static constexpr int32_t kFdLimit = 1 << 22;
  static constexpr uint32_t kSlotLimit = 1u << 24;

  // A record for an operation that is about to start. The reference holds until Remove.
  Record& Add(const Operation& operation);
  void Remove(Record& record);

  // nullptr when the operation is over.
  Record* FindUserData(uint64_t user_data);
  Record* FindSlot(uint32_t slot, uint32_t generation);
  // The operations on a descriptor: the first, then Next.
  Record* FirstOnFd(int32_t fd);
  Record* NextOnFd(const Record& record) {
    return record.next_on_fd == Record::kNone ? nullptr : &At(record.next_on_fd);
  }
  uint32_t Count() const { return count_; }

  template <typename Visit>
  void ForEach(Visit visit) {
    for (uint32_t i = 0; i < used_; i++) {
      Record& record = At(i);
      if (record.opcode != 0) visit(record);
    }
  }

 private:
  static constexpr uint32_t kChunkRecords = 256;

  // Chunks, because records must not move: the kernel reads their timespecs and addresses.
  Record& At(uint32_t index) { return chunks_[index / kChunkRecords][index % kChunkRecords]; }
  void Link(Record& record);
  void Unlink(Record& record);

  std::vector<std::unique_ptr<Record[]>> chunks_;
  uint32_t used_ = 0;  // places that were ever used
  uint32_t free_ = Record::kNone;
  uint32_t count_ = 0;
  std::vector<uint32_t> by_slot_;
  std::vector<uint32_t> by_fd_;
};

}  // namespace coriolis::uring

#endif  // CORIOLIS_PROACTOR_IO_URING_RECORDS_H_
