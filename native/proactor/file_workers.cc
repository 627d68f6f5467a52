#include "file_workers.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "nonblocking_calls.h"

namespace coriolis {
namespace {

constexpr uint32_t kWithdrawn = UINT32_MAX;

ssize_t Transfer(const FileJob& job, uint32_t done) {
  uint8_t* data = job.data + done;
  const size_t length = job.length - done;
  if (job.offset == kCurrentPosition) {
    return job.is_write ? write(job.fd, data, length) : read(job.fd, data, length);
  }
  const off_t offset = static_cast<off_t>(job.offset + done);
  return job.is_write ? pwrite(job.fd, data, length, offset) : pread(job.fd, data, length, offset);
}

int32_t Perform(const FileJob& job) {
  uint32_t done = 0;
  do {
    const ssize_t count = Transfer(job, done);
    if (count > 0) {
      done += static_cast<uint32_t>(count);
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      if (done == 0) return -errno;
      break;
    }
  } while (done < job.length);
  return static_cast<int32_t>(done);
}

}  // namespace

int32_t FileWorkers::Start(const FileJob& job) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (idle_ <= jobs_.size() && threads_.size() < kThreadsMax) {
    // Signals are for the thread of the loop.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int error = pthread_create(&thread, nullptr, RunThread, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error == 0) {
      threads_.push_back(thread);
    } else if (threads_.empty()) {
      return -error;
    }
  }
  jobs_.push(job);
  lock.unlock();
  wake_.notify_one();
  return 0;
}

bool FileWorkers::Withdraw(uint32_t id) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].id != id) continue;
    jobs_[i].id = kWithdrawn;
    return true;
  }
  return false;
}

void FileWorkers::TakeResults(std::vector<FileResult>* results) {
  results->clear();
  std::lock_guard<std::mutex> lock(mutex_);
  results->swap(results_);
  has_results_.store(false);
}

void FileWorkers::Shutdown() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (pthread_t thread : threads_) pthread_join(thread, nullptr);
  threads_.clear();
}

void* FileWorkers::RunThread(void* workers) {
  static_cast<FileWorkers*>(workers)->Run();
  return nullptr;
}

void FileWorkers::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    while (jobs_.empty() && !stopping_) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
    }
    if (stopping_) return;
    const FileJob job = jobs_.front();
    jobs_.pop();
    if (job.id == kWithdrawn) continue;
    lock.unlock();
    const int32_t result = Perform(job);
    lock.lock();
    results_.push_back({job.id, result});
    has_results_.store(true);
    // After has_results_: either the submitter sees the result before it sleeps, or this sees that it sleeps.
    if (submitter_sleeps_.exchange(false)) selector_->Notify();
  }
}

}  // namespace coriolis
