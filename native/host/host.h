// A proactor as a guest of libuv's loop.
//
// One turn: take what TypeScript submitted, start it, harvest, call dispatch, and again while there is
// something to do and the budget lasts. Three handles give it its turns:
//
//   prepare  before libuv waits: a turn if anything is to be done, otherwise not even a system call
//   poll     the proactor's wake descriptor is readable: a turn
//   idle     active only while work is ready, and only so that libuv does not wait
#ifndef CORIOLIS_HOST_HOST_H_
#define CORIOLIS_HOST_HOST_H_

#include <napi.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "../proactor/proactor.h"
#include "dispatch_callback.h"
#include "exchange_view.h"
#include "regions.h"

namespace coriolis {

class Host : public std::enable_shared_from_this<Host> {
 public:
  // The same moment on two clocks.
  struct Origin {
    double loop_ms;         // loop time
    uint64_t monotonic_ns;  // CLOCK_MONOTONIC
  };
  struct Options {
    std::unique_ptr<Proactor> proactor;
    Napi::ArrayBuffer exchange;
    Napi::ArrayBuffer arena;
    Napi::Function dispatch;
    Origin origin;
  };

  static uint64_t NowNs();

  // nullptr: libuv refused, with the reason in `error` (negative errno).
  static std::shared_ptr<Host> Open(Napi::Env env, Options options, int* error);

  // Starts submissions, harvests completions; returns how many TypeScript can read.
  uint32_t Poll();
  void SetReferenced(bool referenced);
  // 0 or -errno.
  int AddPoolSlab(Napi::ArrayBuffer slab);
  Regions& Memory() { return regions_; }
  bool IsOpen() const { return open_; }
  // When it returns, the kernel has let go of all memory. The handles go in libuv's next iteration.
  void Close();

 private:
  Host(Napi::Env env, Options options);
  int Start();
  static void OnPrepare(uv_prepare_t* handle);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  static void OnIdle(uv_idle_t*) {}
  static void OnClosed(uv_handle_t* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle handle, void* host);

  bool NeedsTurn() const;
  void Turn();
  void WakeUp();
  // Whether dispatch has something to do.
  bool WorkWaits() const;
  bool Sleep();
  void StayAwake();

  void Exchange();
  void SubmitAll();
  bool SubmitOne(const uint32_t* words);
  void Harvest();
  void Reject(uint32_t slot, uint32_t generation, int32_t error);
  void CloseUndelivered();
  uint64_t DeadlineNs(double deadline_ms) const;

  napi_env env_;
  uv_loop_t* loop_ = nullptr;
  std::unique_ptr<Proactor> proactor_;
  ExchangeView exchange_;
  Regions regions_;
  DispatchCallback dispatch_;
  uint32_t slab_count_ = 0;
  Origin origin_;
  std::vector<Completion> rejected_;

  uv_prepare_t prepare_ = {};
  uv_poll_t poll_ = {};
  uv_idle_t idle_ = {};
  uint32_t open_handles_ = 0;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
  std::shared_ptr<Host> self_;  // while libuv has handles of ours

  bool open_ = true;
  bool awake_ = true;  // the proactor does not signal its wake descriptor
  bool in_turn_ = false;
  double slept_deadline_ms_ = 0;  // the deadline given to the last PrepareToSleep
};

}  // namespace coriolis

#endif  // CORIOLIS_HOST_HOST_H_
