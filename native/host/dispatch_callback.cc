#include "dispatch_callback.h"

namespace coriolis {

DispatchCallback::DispatchCallback(Napi::Env env, Napi::Function function) : env_(env) {
  const Napi::Object resource = Napi::Object::New(env);
  napi_create_reference(env, function, 1, &function_);
  napi_create_reference(env, resource, 1, &resource_);
  napi_async_init(env, resource, Napi::String::New(env, "Coriolis"), &context_);
}

bool DispatchCallback::Call() {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return false;
  napi_value function = nullptr;
  napi_value receiver = nullptr;
  napi_get_reference_value(env_, function_, &function);
  napi_get_reference_value(env_, resource_, &receiver);
  napi_status status = napi_make_callback(env_, context_, receiver, function, 0, nullptr, nullptr);
  if (status == napi_pending_exception) {
    napi_value error = nullptr;
    status = napi_get_and_clear_last_exception(env_, &error);
    if (status == napi_ok) status = napi_fatal_exception(env_, error);
  }
  napi_close_handle_scope(env_, scope);
  return status == napi_ok;
}

void DispatchCallback::Release() {
  if (function_ == nullptr) return;
  napi_delete_reference(env_, function_);
  napi_delete_reference(env_, resource_);
  napi_async_destroy(env_, context_);
  function_ = resource_ = nullptr;
  context_ = nullptr;
}

}  // namespace coriolis
