// Drives a proactor as the host does: submits, polls, and sleeps on its descriptor. Every wait in these tests
// goes through PrepareToSleep, so a lost wake-up shows as a time-out.
#ifndef CORIOLIS_TEST_DRIVER_H_
#define CORIOLIS_TEST_DRIVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../../native/proactor/proactor.h"

namespace coriolis::test {

struct Backend {
  const char* name;
  std::unique_ptr<Proactor> (*open)(OpenFailure* failure);
};
const std::vector<Backend>& Backends();

uint64_t NowNs();

class Driver {
 public:
  explicit Driver(std::unique_ptr<Proactor> proactor) : proactor_(std::move(proactor)) {}
  ~Driver();

  Proactor& proactor() { return *proactor_; }

  // Submits an operation and returns the slot that stands for it, a new one each time.
  uint32_t Submit(uint8_t code, int fd, const void* data = nullptr, size_t length = 0, uint64_t argument = 0);
  uint32_t CancelOperation(uint32_t slot) { return Submit(opcode::kCancel, -1, nullptr, 0, Name(slot)); }

  // What names the operation in a kCancel.
  static uint64_t Name(uint32_t slot) { return static_cast<uint64_t>(Generation(slot)) << 32 | slot; }
  // Not the slot itself, so that mixing up the two is noticed.
  static uint32_t Generation(uint32_t slot) { return slot * 7 + 3; }

  // Adds slabs of receive buffers.
  void AddSlabs(uint32_t count);
  // By default a buffer goes back as soon as it is full and its data are copied.
  void KeepBuffers() { keeps_buffers_ = true; }
  void ReturnBuffers();
  // A kReceive that ends because the pool is empty is started again, under the same slot: it seems never to end.
  void RestartStarvedReceives() { restarts_ = true; }
  size_t kept_buffers() const { return kept_.size(); }

  // Polls once, without sleeping. Returns the number of completions.
  uint32_t Poll();

  // Polls and sleeps until `done`; false after `limit_ms`.
  bool Until(const std::function<bool()>& done, int limit_ms = 20000);

  // Waits for the operation's last completion and returns its result; INT32_MIN after a time-out.
  int32_t Result(uint32_t slot);
  // Waits for the operation's next completion; one with slot UINT32_MAX after a time-out.
  Completion Next(uint32_t slot);

  bool Ended(uint32_t slot) const;
  // What came so far, without Next's.
  std::vector<Completion>& Completions(uint32_t slot) { return operations_.at(slot).completions; }
  // The bytes that a kReceive was given.
  std::string& Received(uint32_t slot) { return operations_.at(slot).received; }

  // Sleeps until the descriptor is readable, at most `limit_ms`. False: there was no need to sleep, or
  // nothing came.
  bool Sleep(uint64_t deadline_ns, int limit_ms);

  uint32_t out_capacity = 256;

 private:
  struct State {
    uint8_t code = 0;
    int fd = -1;
    bool ended = false;
    std::vector<Completion> completions;
    std::string received;
  };

  void SubmitOperation(const Operation& operation);
  void Take(const Completion& completion);

  std::unique_ptr<Proactor> proactor_;
  std::vector<std::unique_ptr<uint8_t[]>> slabs_;
  std::vector<uint32_t> filled_;  // of each buffer
  std::vector<uint32_t> kept_;
  bool keeps_buffers_ = false;
  bool restarts_ = false;
  std::vector<uint32_t> starved_;  // slots of receives to be started again
  uint32_t next_slot_ = 1;
  std::unordered_map<uint32_t, State> operations_;
};

}  // namespace coriolis::test

#endif  // CORIOLIS_TEST_DRIVER_H_
