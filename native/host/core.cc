#include "core.h"

#include <string>
#include <utility>

#include "backends.h"
#include "system_error.h"

namespace coriolis {

namespace {

constexpr size_t kSlabBytes = size_t{layout::kPoolSlabBuffers} * layout::kPoolBufferBytes;

void ThrowTypeError(Napi::Env env, const char* message) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

struct Options {
  Napi::Value backend;
  Napi::Value exchange;
  Napi::Value arena;
  Napi::Value now;
  Napi::Value dispatch;

  // What is wrong, or nullptr.
  const char* Fault() const {
    if (!backend.IsString()) return "options.backend must be a string";
    if (!arena.IsArrayBuffer()) return "options.arena must be an ArrayBuffer";
    if (!now.IsFunction()) return "options.now must be a function";
    if (!dispatch.IsFunction()) return "options.dispatch must be a function";
    if (!exchange.IsArrayBuffer()) return "options.exchange must be an ArrayBuffer";
    const bool fits = exchange.As<Napi::ArrayBuffer>().ByteLength() >= ExchangeView::kBytes;
    return fits ? nullptr : "options.exchange is too small";
  }
};

// Each property is read once: in a Worker that is being terminated, what worked a moment ago gives an empty value now.
Options ReadOptions(const Napi::Value& value) {
  if (!value.IsObject()) return Options();
  const Napi::Object object = value.As<Napi::Object>();
  return {object.Get("backend"), object.Get("exchange"), object.Get("arena"), object.Get("now"),
          object.Get("dispatch")};
}

// Reads loop time and the core's clock together. The closest of some readings counts: every deadline is off by the
// time between the two. False: an exception is pending.
bool CompareClocks(const Napi::Function& now, Host::Origin* origin) {
  uint64_t closest_ns = UINT64_MAX;
  for (int reading = 0; reading < 5; reading++) {
    const uint64_t before_ns = Host::NowNs();
    const Napi::Value loop_time = now.Call({});
    const uint64_t after_ns = Host::NowNs();
    if (loop_time.IsEmpty()) return false;
    if (!loop_time.IsNumber()) {
      ThrowTypeError(now.Env(), "options.now must return a number");
      return false;
    }
    if (after_ns - before_ns >= closest_ns) continue;
    closest_ns = after_ns - before_ns;
    // The later reading: a deadline that is kept too early would only wake for nothing.
    *origin = {loop_time.As<Napi::Number>().DoubleValue(), after_ns};
  }
  return true;
}

}  // namespace

void Core::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("Core", DefineClass(env, "Core",
                                  {
                                      InstanceMethod("poll", &Core::Poll),
                                      InstanceMethod("setReferenced", &Core::SetReferenced),
                                      InstanceMethod("addPoolSlab", &Core::AddPoolSlab),
                                      InstanceMethod("pin", &Core::Pin),
                                      InstanceMethod("unpin", &Core::Unpin),
                                      InstanceMethod("close", &Core::Close),
                                  }));
}

Core::Core(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Core>(info) {
  const Napi::Env env = info.Env();
  const Options options = ReadOptions(info[0]);
  if (const char* fault = options.Fault()) {
    ThrowTypeError(env, fault);
    return;
  }
  Host::Origin origin;
  if (!CompareClocks(options.now.As<Napi::Function>(), &origin)) return;
  const std::string name = options.backend.As<Napi::String>();
  std::string reason;
  Host::Options host_options = {
      OpenBackend(name, &reason),
      options.exchange.As<Napi::ArrayBuffer>(),
      options.arena.As<Napi::ArrayBuffer>(),
      options.dispatch.As<Napi::Function>(),
      origin,
  };
  if (host_options.proactor == nullptr) {
    Napi::Error::New(env, "The " + name + " backend is not available: " + reason)
        .ThrowAsJavaScriptException();
    return;
  }
  int error = 0;
  host_ = Host::Open(env, std::move(host_options), &error);
  if (host_ == nullptr) ThrowSystemError(env, error, "uv_poll_init");
}

Core::~Core() {
  if (host_ != nullptr) host_->Close();
}

bool Core::RequireOpen(Napi::Env env) const {
  if (host_ != nullptr && host_->IsOpen()) return true;
  Napi::Error::New(env, "The core is closed").ThrowAsJavaScriptException();
  return false;
}

Napi::Value Core::Poll(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), host_ == nullptr ? 0 : host_->Poll());
}

void Core::SetReferenced(const Napi::CallbackInfo& info) {
  if (host_ != nullptr) host_->SetReferenced(info[0].ToBoolean());
}

void Core::AddPoolSlab(const Napi::CallbackInfo& info) {
  if (!RequireOpen(info.Env())) return;
  if (!info[0].IsArrayBuffer() || info[0].As<Napi::ArrayBuffer>().ByteLength() < kSlabBytes) {
    ThrowTypeError(info.Env(), "a slab must be an ArrayBuffer of poolSlabBuffers * poolBufferBytes bytes");
    return;
  }
  const int error = host_->AddPoolSlab(info[0].As<Napi::ArrayBuffer>());
  if (error != 0) ThrowSystemError(info.Env(), error, "addPoolSlab");
}

Napi::Value Core::Pin(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!RequireOpen(env)) return env.Undefined();
  Napi::ArrayBuffer buffer;
  size_t offset = 0;
  size_t length = 0;
  if (info[0].IsTypedArray()) {
    const Napi::TypedArray view = info[0].As<Napi::TypedArray>();
    buffer = view.ArrayBuffer();
    offset = view.ByteOffset();
    length = view.ByteLength();
  } else if (info[0].IsDataView()) {
    const Napi::DataView view = info[0].As<Napi::DataView>();
    buffer = view.ArrayBuffer();
    offset = view.ByteOffset();
    length = view.ByteLength();
  } else {
    ThrowTypeError(env, "only a view of memory can be pinned");
    return env.Undefined();
  }
  const uint32_t region = host_->Memory().Pin(static_cast<uint8_t*>(buffer.Data()) + offset, length, buffer);
  if (region == layout::kRegionNone) {
    Napi::Error::New(env, "Too many regions are pinned").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, region);
}

void Core::Unpin(const Napi::CallbackInfo& info) {
  if (host_ == nullptr || !host_->IsOpen()) return;  // closing let go of everything
  if (!info[0].IsNumber() || !host_->Memory().Unpin(info[0].As<Napi::Number>().Uint32Value())) {
    ThrowTypeError(info.Env(), "not a pinned region");
  }
}

void Core::Close(const Napi::CallbackInfo&) {
  if (host_ != nullptr) host_->Close();
}

}  // namespace coriolis
