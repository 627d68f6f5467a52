// Threads for what has no readiness: reads and writes of regular files that are not in the page cache. They
// start when the first job comes and stay until Shutdown.
#ifndef CORIOLIS_PROACTOR_FILE_WORKERS_H_
#define CORIOLIS_PROACTOR_FILE_WORKERS_H_

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "../selector/selector.h"
#include "ring_buffer.h"

namespace coriolis {

struct FileJob {
  uint32_t id;  // the submitter's
  int32_t fd;
  bool is_write;
  uint8_t* data;
  uint32_t length;
  uint64_t offset;  // kCurrentPosition: none
};

struct FileResult {
  uint32_t id;
  int32_t result;  // bytes, fewer than asked for only at the end of the file or before an error; or -errno
};

class FileWorkers {
 public:
  // `selector` is notified of results while the submitter sleeps; it outlives the workers.
  explicit FileWorkers(Selector* selector) : selector_(selector) {}
  ~FileWorkers() { Shutdown(); }
  FileWorkers(const FileWorkers&) = delete;
  FileWorkers& operator=(const FileWorkers&) = delete;

  // 0, or -errno when there is no thread to do it.
  int32_t Start(const FileJob& job);

  // True: the job had not begun and never will. False: its result comes.
  bool Withdraw(uint32_t id);

  bool HasResults() const { return has_results_.load(); }

  // Replaces the content of `results` by what has finished.
  void TakeResults(std::vector<FileResult>* results);

  // From now on the next result notifies the selector. The caller looks at HasResults afterwards.
  void NotifyNextResult() { submitter_sleeps_.store(true); }
  void StopNotifying() { submitter_sleeps_.store(false, std::memory_order_relaxed); }

  // Drops the jobs that have not begun and waits for the others.
  void Shutdown();

 private:
  static constexpr size_t kThreadsMax = 4;

  static void* RunThread(void* workers);
  void Run();

  Selector* const selector_;
  std::mutex mutex_;
  std::condition_variable wake_;
  RingBuffer<FileJob> jobs_;         // guarded by mutex_; withdrawn jobs stay, with kWithdrawn as their id
  std::vector<FileResult> results_;  // guarded by mutex_
  size_t idle_ = 0;                  // guarded by mutex_
  bool stopping_ = false;            // guarded by mutex_
  std::vector<pthread_t> threads_;
  std::atomic<bool> has_results_{false};
  std::atomic<bool> submitter_sleeps_{false};
};

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_FILE_WORKERS_H_
