#include "driver.h"

#include <poll.h>

#include <cerrno>
#include <ctime>

#include "../../native/proactor/io_uring.h"
#include "../../native/proactor/reactor.h"
#include "check.h"

namespace coriolis::test {

const std::vector<Backend>& Backends() {
  static const std::vector<Backend> backends = {
      {"io_uring", [](OpenFailure* failure) { return OpenIoUring(failure); }},
      {"reactor", [](OpenFailure* failure) { return OpenReactor(failure); }},
  };
  return backends;
}

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

Driver::~Driver() {
  proactor_->Shutdown();
}

uint32_t Driver::Submit(uint8_t code, int fd, const void* data, size_t length, uint64_t argument) {
  const uint32_t slot = next_slot_++;
  if (code != opcode::kReturnBuffer) {
    operations_[slot].code = code;
    operations_[slot].fd = fd;
  }
  SubmitOperation({code, slot, Generation(slot), fd, static_cast<uint8_t*>(const_cast<void*>(data)),
                   static_cast<uint32_t>(length), argument});
  return slot;
}

void Driver::SubmitOperation(const Operation& operation) {
  for (int attempt = 0; !proactor_->Submit(operation); ++attempt) {
    if (attempt == 1000) {
      Report(__FILE__, __LINE__, "Submit has no room after 1000 polls");
      return;
    }
    Poll();
  }
}

void Driver::AddSlabs(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const auto index = static_cast<uint32_t>(slabs_.size());
    slabs_.push_back(std::make_unique<uint8_t[]>(layout::kPoolSlabBuffers * layout::kPoolBufferBytes));
    filled_.resize(filled_.size() + layout::kPoolSlabBuffers);
    CHECK_EQ(proactor_->AddPoolSlab(index, slabs_.back().get()), 0);
  }
}

void Driver::ReturnBuffers() {
  for (uint32_t buffer : kept_) Submit(opcode::kReturnBuffer, -1, nullptr, 0, buffer);
  kept_.clear();
}

uint32_t Driver::Poll() {
  std::vector<Completion> out(out_capacity);
  const uint32_t count = proactor_->Poll(out.data(), out_capacity);
  CHECK(count <= out_capacity);
  for (uint32_t i = 0; i < count; ++i) Take(out[i]);
  std::vector<uint32_t> starved;
  starved.swap(starved_);
  for (uint32_t slot : starved) {
    SubmitOperation({opcode::kReceive, slot, Generation(slot), operations_.at(slot).fd, nullptr, 0, 0});
  }
  return count;
}

void Driver::Take(const Completion& completion) {
  const auto found = operations_.find(completion.slot);
  if (found == operations_.end()) {
    Report(__FILE__, __LINE__, "completion of slot " + std::to_string(completion.slot) + ", never submitted");
    return;
  }
  State& state = found->second;
  CHECK_EQ(completion.generation, Generation(completion.slot));
  if (state.ended)
    Report(__FILE__, __LINE__, "completion after the last one, opcode " + std::to_string(state.code));
  if (restarts_ && state.code == opcode::kReceive && completion.result == -ENOBUFS) {
    starved_.push_back(completion.slot);
    return;
  }
  state.completions.push_back(completion);
  if ((completion.flags & flag::kMore) == 0) state.ended = true;
  if ((completion.flags & flag::kBuffer) == 0) return;
  const uint32_t buffer = completion.flags >> 16;
  if (completion.result < 0 || buffer >= filled_.size() ||
      filled_[buffer] + static_cast<uint32_t>(completion.result) > layout::kPoolBufferBytes) {
    Report(__FILE__, __LINE__, "completion names bytes outside the pool");
    return;
  }
  const uint8_t* data = slabs_[buffer / layout::kPoolSlabBuffers].get() +
                        buffer % layout::kPoolSlabBuffers * layout::kPoolBufferBytes + filled_[buffer];
  state.received.append(reinterpret_cast<const char*>(data), static_cast<size_t>(completion.result));
  if ((completion.flags & flag::kBufferMore) != 0) {
    filled_[buffer] += static_cast<uint32_t>(completion.result);
    return;
  }
  filled_[buffer] = 0;
  kept_.push_back(buffer);
  if (!keeps_buffers_) ReturnBuffers();
}

bool Driver::Sleep(uint64_t deadline_ns, int limit_ms) {
  if (!proactor_->PrepareToSleep(deadline_ns)) return false;
  pollfd request = {proactor_->WakeDescriptor(), POLLIN, 0};
  const int ready = poll(&request, 1, limit_ms);
  proactor_->WakeUp();
  return ready > 0;
}

bool Driver::Until(const std::function<bool()>& done, int limit_ms) {
  const uint64_t limit_ns = NowNs() + static_cast<uint64_t>(limit_ms) * 1000000;
  for (;;) {
    if (done()) return true;
    if (Poll() > 0) continue;
    const uint64_t now_ns = NowNs();
    if (now_ns >= limit_ns) return false;
    Sleep(UINT64_MAX, static_cast<int>((limit_ns - now_ns) / 1000000) + 1);
  }
}

int32_t Driver::Result(uint32_t slot) {
  if (!Until([&] { return Ended(slot); })) {
    Report(__FILE__, __LINE__, "operation never ended, opcode " + std::to_string(operations_[slot].code));
    return INT32_MIN;
  }
  return operations_[slot].completions.back().result;
}

Completion Driver::Next(uint32_t slot) {
  State& state = operations_.at(slot);
  if (!Until([&] { return !state.completions.empty(); })) {
    Report(__FILE__, __LINE__, "no completion, opcode " + std::to_string(state.code));
    return {UINT32_MAX, 0, INT32_MIN, 0};
  }
  const Completion first = state.completions.front();
  state.completions.erase(state.completions.begin());
  return first;
}

bool Driver::Ended(uint32_t slot) const {
  return operations_.at(slot).ended;
}

}  // namespace coriolis::test
