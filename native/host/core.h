// Class `Core` of lib/native/addon.ts.
#ifndef CORIOLIS_HOST_CORE_H_
#define CORIOLIS_HOST_CORE_H_

#include <napi.h>

#include <memory>

#include "host.h"

namespace coriolis {

class Core : public Napi::ObjectWrap<Core> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit Core(const Napi::CallbackInfo& info);
  // Also when the garbage collector finds a core that nobody closed.
  ~Core() override;

 private:
  Napi::Value Poll(const Napi::CallbackInfo& info);
  void SetReferenced(const Napi::CallbackInfo& info);
  void AddPoolSlab(const Napi::CallbackInfo& info);
  Napi::Value Pin(const Napi::CallbackInfo& info);
  void Unpin(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  // False: closed, and the error is thrown.
  bool RequireOpen(Napi::Env env) const;

  std::shared_ptr<Host> host_;
};

}  // namespace coriolis

#endif  // CORIOLIS_HOST_CORE_H_
