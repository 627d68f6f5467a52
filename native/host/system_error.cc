#include "system_error.h"

#include <uv.h>

#include <string>

namespace coriolis {

namespace {

Napi::Value ErrorName(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), uv_err_name(info[0].ToNumber().Int32Value()));
}

Napi::Value ErrorMessage(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), uv_strerror(info[0].ToNumber().Int32Value()));
}

}  // namespace

void ThrowSystemError(Napi::Env env, int error, const char* syscall) {
  const char* code = uv_err_name(error);
  const Napi::Error thrown = Napi::Error::New(env, std::string(syscall) + " " + code);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, code));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  thrown.ThrowAsJavaScriptException();
}

void RegisterErrorNames(Napi::Env env, Napi::Object exports) {
  exports.Set("errorName", Napi::Function::New(env, ErrorName, "errorName"));
  exports.Set("errorMessage", Napi::Function::New(env, ErrorMessage, "errorMessage"));
}

}  // namespace coriolis
