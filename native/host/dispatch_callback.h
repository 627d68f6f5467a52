// The one call from the core into JavaScript.
#ifndef CORIOLIS_HOST_DISPATCH_CALLBACK_H_
#define CORIOLIS_HOST_DISPATCH_CALLBACK_H_

#include <napi.h>

namespace coriolis {

class DispatchCallback {
 public:
  DispatchCallback(Napi::Env env, Napi::Function function);
  ~DispatchCallback() { Release(); }
  DispatchCallback(const DispatchCallback&) = delete;
  DispatchCallback& operator=(const DispatchCallback&) = delete;

  // Runs the function with nothing of JavaScript's on the stack, then process.nextTick callbacks and
  // microtasks. What it throws becomes an uncaught exception. False: this environment no longer runs
  // JavaScript.
  bool Call();
  void Release();

 private:
  napi_env env_;
  napi_ref function_ = nullptr;
  napi_ref resource_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace coriolis

#endif  // CORIOLIS_HOST_DISPATCH_CALLBACK_H_
