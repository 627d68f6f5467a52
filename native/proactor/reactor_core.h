// The reactor's state. Its work is split by subject: reactor.cc is its life and its turn, reactor_start.cc
// takes operations and tries them at once, reactor_run.cc goes on with them when their descriptor is ready,
// reactor_cancel.cc ends them early.
//
// What keeps it cheap: one registration a descriptor, edge-triggered, widened when a new interest comes and
// otherwise left alone, so that receiving and sending need no call but recv and send; operations and
// descriptors live in arrays that grow to the largest load and stay.
//
// What keeps it right: a descriptor's number may come back for another file at once. A registration carries
// the descriptor's generation, which kClose and accept change. Beyond that the registration is only believed
// without asking the kernel again while an operation is under way on the descriptor, or while it is `owned`:
// a connection, which its caller ends with kClose.
#ifndef CORIOLIS_PROACTOR_REACTOR_CORE_H_
#define CORIOLIS_PROACTOR_REACTOR_CORE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "../selector/selector.h"
#include "file_workers.h"
#include "proactor.h"
#include "receive_pool.h"
#include "ring_buffer.h"
#include "timer_heap.h"

namespace coriolis {

class Reactor final : public Proactor {
 public:
  explicit Reactor(std::unique_ptr<Selector> selector);
  ~Reactor() override;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  const char* Name() const override { return name_; }
  int AddPoolSlab(uint32_t index, uint8_t* memory) override { return pool_.AddSlab(index, memory); }
  bool Submit(const Operation& operation) override;
  uint32_t Poll(Completion* out, uint32_t capacity) override;
  int WakeDescriptor() const override;
  bool PrepareToSleep(uint64_t deadline_ns) override;
  void WakeUp() override { workers_.StopNotifying(); }
  uint32_t InFlight() const override { return in_flight_; }
  uint32_t Overflows() const override { return 0; }
  uint32_t KernelCalls() const override { return kernel_calls_; }
  void Shutdown() override;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint64_t kNever = UINT64_MAX;

  enum class Stage : uint8_t {
    kFree,
    kWaiting,  // for its descriptor to be ready
    kTimer,    // in timers_
    kFile,     // with the file workers
    kClosing,  // kClose: waits for file workers to let go of the descriptor
  };

  // An operation that did not complete at once.
  struct Active {
    Operation operation;
    Stage stage = Stage::kFree;
    uint32_t done = 0;          // bytes transferred so far
    uint32_t previous = kNone;  // on the same descriptor
    uint32_t next = kNone;      // on the same descriptor; of a free record: the next free one
  };

  struct Descriptor {
    uint32_t generation = 0;
    uint32_t interest = 0;     // as registered with the selector; 0: it is not
    uint32_t first = kNone;    // operations on it, in the order of submission
    uint32_t last = kNone;     //
    uint32_t closing = kNone;  // the kClose that waits
    bool owned = false;        // see above
    bool readable = false;     // it was, and no call has found otherwise since
    bool writable = false;     // likewise
    bool ending =
        false;  // a hang-up or an error was reported: read on after a short read, there is no other edge
    bool queued = false;  // in ready_
  };

  struct Undelivered {
    Completion completion;
    bool carries_descriptor;  // an accepted connection, to be closed if nobody ever learns of it
  };

  // reactor.cc
  bool Reach(int32_t fd);
  void Grow(int32_t fd);
  void Select();
  void TakeEvent(const ReadyEvent& event);
  void ExpireTimers();
  void TakeFileResults();
  void Push(const Operation& operation, int32_t result, uint32_t flags, bool carries_descriptor = false);
  uint32_t Keep(const Operation& operation, Stage stage);
  void Finish(uint32_t index, int32_t result);

  // reactor_start.cc
  void Start(const Operation& operation);
  void StartConnect(const Operation& operation);
  void StartStream(const Operation& operation);
  void StartSend(const Operation& operation);
  void StartTransfer(const Operation& operation);
  void StartFileJob(const Operation& operation, uint32_t done);
  void StartPoll(const Operation& operation);
  void Wait(const Operation& operation, uint32_t interest, uint32_t done);
  int32_t Arm(int32_t fd, uint32_t interest, bool ask_again);
  void Disarm(int32_t fd);

  // reactor_run.cc. Those that return bool say whether the operation has ended.
  void Enqueue(int32_t fd);
  void RunReady(size_t completions_max);
  void Run(int32_t fd);
  uint32_t FirstReader(int32_t fd) const;
  uint32_t FirstWriter(int32_t fd) const;
  bool RunAccept(uint32_t index);
  bool RunReceive(uint32_t index);
  bool RunSend(uint32_t index);
  bool RunConnect(uint32_t index);
  bool RunTransfer(uint32_t index);
  void AdoptConnection(int32_t fd);
  void CompletePolls(int32_t fd, uint32_t events);

  // reactor_cancel.cc
  void StartCancel(const Operation& operation);
  void StartClose(const Operation& operation);
  uint32_t Cancel(uint32_t index);
  uint32_t CancelDescriptor(int32_t fd);
  uint32_t CancelAll();
  int32_t CloseNow(int32_t fd);
  uint32_t Find(uint32_t slot, uint32_t generation) const;

  const char* const name_;
  std::unique_ptr<Selector> selector_;  // nullptr after Shutdown
  FileWorkers workers_;
  ReceivePool pool_;
  TimerHeap timers_;

  std::vector<Descriptor> descriptors_;  // by number
  std::vector<Active> actives_;          // addressed by index: it may move
  uint32_t free_active_ = kNone;
  std::vector<uint32_t> active_of_slot_;  // where Find looks first
  RingBuffer<int32_t> ready_;             // descriptors to run
  RingBuffer<Undelivered> completions_;
  std::vector<FileResult> file_results_;
  std::vector<ReadyEvent> events_;

  uint64_t timer_ns_ = kNever;    // what the selector's timer is set to
  uint32_t registered_ = 0;       // descriptors with an interest
  uint32_t file_jobs_ = 0;        // with the file workers
  bool may_be_notified_ = false;  // a notification may be there or come
  bool skipped_select_ = false;   // by the last Poll
  uint32_t in_flight_ = 0;
  uint32_t kernel_calls_ = 0;
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_REACTOR_CORE_H_
