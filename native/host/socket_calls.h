// Socket calls that never wait, and so need no operation: SocketCalls of lib/native/addon.ts.
#ifndef CORIOLIS_HOST_SOCKET_CALLS_H_
#define CORIOLIS_HOST_SOCKET_CALLS_H_

#include <napi.h>

namespace coriolis {

void RegisterSocketCalls(Napi::Env env, Napi::Object exports);

}  // namespace coriolis

#endif  // CORIOLIS_HOST_SOCKET_CALLS_H_
