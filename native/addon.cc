// What the addon exports; its types are in lib/native/addon.ts.
#include <napi.h>

#include "host/backends.h"
#include "host/core.h"
#include "host/descriptors.h"
#include "host/socket_calls.h"
#include "host/system_error.h"

namespace coriolis {

static Napi::Value Backends(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Array list = Napi::Array::New(env);
  for (const BackendReport& report : ReportBackends()) {
    const Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", report.name);
    entry.Set("available", report.available);
    if (!report.available) entry.Set("reason", report.reason);
    const Napi::Array features = Napi::Array::New(env);
    for (const std::string& feature : report.features) features.Set(features.Length(), feature);
    entry.Set("features", features);
    list.Set(list.Length(), entry);
  }
  return list;
}

}  // namespace coriolis

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  coriolis::CloseDescriptorsWithEnvironment(env);
  coriolis::Core::Register(env, exports);
  coriolis::RegisterErrorNames(env, exports);
  coriolis::RegisterSocketCalls(env, exports);
  exports.Set("backends", Napi::Function::New(env, coriolis::Backends, "backends"));
  return exports;
}

NODE_API_MODULE(coriolis, Initialize)
