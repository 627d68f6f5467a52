#include "system_error.h"

#include <uv.h>

#include <string>

namespace coriolis {

namespace {

Napi::Value Translate(const Napi::CallbackInfo& info, const char* (*translate)(int)) {
  const Napi::Env env = info.Env();
  if (info[0].IsNumber()) return Napi::String::New(env, translate(info[0].As<Napi::Number>().Int32Value()));
  Napi::TypeError::New(env, "errno must be a number").ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ErrorName(const Napi::CallbackInfo& info) {
  return Translate(info, uv_err_name);
}

Napi::Value ErrorMessage(const Napi::CallbackInfo& info) {
  return Translate(info, uv_strerror);
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
