#include "socket_calls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>

#include "descriptors.h"
#include "socket_address.h"
#include "system_error.h"

namespace coriolis {
namespace {

// Reads the arguments of one call in turn. The first that does not fit throws; after that all others read as
// nothing, so a call reads everything it wants and then asks once whether that went well.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  int32_t Integer(const char* name, int32_t least, int32_t most) {
    const Napi::Value value = info_[next_++];
    if (!ok_) return 0;
    if (!value.IsNumber()) return Reject<Napi::TypeError>(name, "a number"), 0;
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= least && number <= most) || number != std::trunc(number)) {
      const std::string range = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
      return Reject<Napi::RangeError>(name, range.c_str()), 0;
    }
    return static_cast<int32_t>(number);
  }

  std::string Text(const char* name) {
    const Napi::Value value = info_[next_++];
    if (!ok_) return {};
    if (!value.IsString()) return Reject<Napi::TypeError>(name, "a string"), std::string();
    return value.As<Napi::String>().Utf8Value();
  }

  Napi::Uint8Array Bytes(const char* name) {
    const Napi::Value value = info_[next_++];
    if (!ok_) return {};
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      return Reject<Napi::TypeError>(name, "a Uint8Array"), Napi::Uint8Array();
    }
    return value.As<Napi::Uint8Array>();
  }

  int32_t Descriptor() { return Integer("fd", 0, INT32_MAX); }
  uint16_t Port() { return static_cast<uint16_t>(Integer("port", 0, UINT16_MAX)); }

  template <typename Error>
  void Reject(const char* name, const char* expected) {
    ok_ = false;
    const std::string message = std::string("argument '") + name + "' must be " + expected;
    Error::New(info_.Env(), message).ThrowAsJavaScriptException();
  }

 private:
  const Napi::CallbackInfo& info_;
  size_t next_ = 0;
  bool ok_ = true;
};

void ThrowAddressError(Napi::Env env, int error, const char* call, const std::string& address,
                       uint16_t port) {
  const char* code = uv_err_name(error);
  const std::string message = std::string(call) + " " + code + " " + address + ":" + std::to_string(port);
  const Napi::Error thrown = Napi::Error::New(env, message);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, code));
  thrown.Set("syscall", Napi::String::New(env, call));
  thrown.Set("address", Napi::String::New(env, address));
  thrown.Set("port", Napi::Number::New(env, port));
  thrown.ThrowAsJavaScriptException();
}

// listen reports the address it failed for, as Node does: the bound one.
void ThrowErrorOfBoundSocket(Napi::Env env, int error, const char* call, int fd) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  AddressText bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0) bound = FormatAddress(storage);
  if (bound.family == 0) return ThrowSystemError(env, error, call);
  ThrowAddressError(env, error, call, bound.address, bound.port);
}

Napi::Value Socket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int32_t family = arguments.Integer("family", 4, 6);
  const std::string type = arguments.Text("type");
  if (arguments.ok() && family == 5) arguments.Reject<Napi::RangeError>("family", "4 or 6");
  if (arguments.ok() && type != "stream" && type != "datagram") {
    arguments.Reject<Napi::TypeError>("type", "'stream' or 'datagram'");
  }
  if (!arguments.ok()) return {};
  const int fd = socket(family == 6 ? AF_INET6 : AF_INET,
                        (type == "stream" ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    ThrowSystemError(info.Env(), -errno, "socket");
    return {};
  }
  AdoptDescriptor(fd);
  return Napi::Number::New(info.Env(), fd);
}

void CloseSocket(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int32_t fd = arguments.Descriptor();
  if (!arguments.ok()) return;
  ForgetDescriptor(fd);
  // Linux has let go of the descriptor also when it says EINTR.
  if (close(fd) < 0 && errno != EINTR) ThrowSystemError(info.Env(), -errno, "close");
}

void Bind(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int32_t fd = arguments.Descriptor();
  const std::string address = arguments.Text("address");
  const uint16_t port = arguments.Port();
  if (!arguments.ok()) return;
  sockaddr_storage storage = {};
  const socklen_t length = ParseAddress(address, port, &storage);
  if (length == 0) return ThrowAddressError(info.Env(), -EINVAL, "bind", address, port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) < 0) {
    ThrowAddressError(info.Env(), -errno, "bind", address, port);
  }
}

void Listen(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int32_t fd = arguments.Descriptor();
  const int32_t backlog = arguments.Integer("backlog", 0, INT32_MAX);
  if (!arguments.ok()) return;
  if (listen(fd, backlog) < 0) ThrowErrorOfBoundSocket(info.Env(), -errno, "listen", fd);
}

Napi::Value Address(const Napi::CallbackInfo& info, const char* call,
                    int (*ask)(int, sockaddr*, socklen_t*)) {
  Arguments arguments(info);
  const int32_t fd = arguments.Descriptor();
  if (!arguments.ok()) return {};
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  const int error = ask(fd, reinterpret_cast<sockaddr*>(&storage), &length) < 0 ? -errno : 0;
  const AddressText text = FormatAddress(storage);
  if (error < 0 || text.family == 0) {
    ThrowSystemError(info.Env(), error < 0 ? error : -EAFNOSUPPORT, call);
    return {};
  }
  const Napi::Object result = Napi::Object::New(info.Env());
  result.Set("address", Napi::String::New(info.Env(), text.address));
  result.Set("family", Napi::Number::New(info.Env(), text.family));
  result.Set("port", Napi::Number::New(info.Env(), text.port));
  return result;
}

Napi::Value LocalAddress(const Napi::CallbackInfo& info) {
  return Address(info, "getsockname", getsockname);
}
Napi::Value RemoteAddress(const Napi::CallbackInfo& info) {
  return Address(info, "getpeername", getpeername);
}

struct SocketOption {
  const char* name;
  int level;
  int option;
  bool is_switch;  // any value but 0 means on
};

constexpr SocketOption kOptions[] = {
    {"reuseAddress", SOL_SOCKET, SO_REUSEADDR, true}, {"reusePort", SOL_SOCKET, SO_REUSEPORT, true},
    {"noDelay", IPPROTO_TCP, TCP_NODELAY, true},      {"keepAlive", SOL_SOCKET, SO_KEEPALIVE, true},
    {"v6Only", IPPROTO_IPV6, IPV6_V6ONLY, true},      {"receiveBufferSize", SOL_SOCKET, SO_RCVBUF, false},
    {"sendBufferSize", SOL_SOCKET, SO_SNDBUF, false},
};

void SetOption(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const int32_t fd = arguments.Descriptor();
  const std::string name = arguments.Text("name");
  const int32_t value = arguments.Integer("value", 0, INT32_MAX);
  if (!arguments.ok()) return;
  int result = -1;
  if (name == "lingerReset") {
    const linger reset = {value != 0 ? 1 : 0, 0};
    result = setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  } else {
    const SocketOption* found = nullptr;
    for (const SocketOption& option : kOptions) {
      if (name == option.name) found = &option;
    }
    if (found == nullptr) return arguments.Reject<Napi::TypeError>("name", "the name of a socket option");
    const int number = found->is_switch ? (value != 0 ? 1 : 0) : value;
    result = setsockopt(fd, found->level, found->option, &number, sizeof number);
  }
  if (result < 0) ThrowSystemError(info.Env(), -errno, "setsockopt");
}

Napi::Value EncodeAddress(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const Napi::Uint8Array target = arguments.Bytes("target");
  const std::string address = arguments.Text("address");
  const uint16_t port = arguments.Port();
  if (!arguments.ok()) return {};
  sockaddr_storage storage = {};
  const socklen_t length = ParseAddress(address, port, &storage);
  if (length == 0) {
    // It is connect that the address was meant for.
    ThrowAddressError(info.Env(), -EINVAL, "connect", address, port);
    return {};
  }
  if (target.ByteLength() < length) {
    arguments.Reject<Napi::RangeError>("target", "large enough for a socket address");
    return {};
  }
  Napi::Uint8Array writable = target;
  std::memcpy(writable.Data(), &storage, length);
  return Napi::Number::New(info.Env(), static_cast<double>(length));
}

}  // namespace

void RegisterSocketCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("socket", Napi::Function::New(env, Socket, "socket"));
  exports.Set("closeDescriptor", Napi::Function::New(env, CloseSocket, "closeDescriptor"));
  exports.Set("bind", Napi::Function::New(env, Bind, "bind"));
  exports.Set("listen", Napi::Function::New(env, Listen, "listen"));
  exports.Set("localAddress", Napi::Function::New(env, LocalAddress, "localAddress"));
  exports.Set("remoteAddress", Napi::Function::New(env, RemoteAddress, "remoteAddress"));
  exports.Set("setOption", Napi::Function::New(env, SetOption, "setOption"));
  exports.Set("encodeAddress", Napi::Function::New(env, EncodeAddress, "encodeAddress"));
}

}  // namespace coriolis
