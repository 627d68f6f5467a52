// Errors of the system as JavaScript knows them: code, errno, syscall.
#ifndef CORIOLIS_HOST_SYSTEM_ERROR_H_
#define CORIOLIS_HOST_SYSTEM_ERROR_H_

#include <napi.h>

namespace coriolis {

// Throws "<syscall> <CODE>" with the properties Node's own errors have. `error` is a negative errno.
void ThrowSystemError(Napi::Env env, int error, const char* syscall);

// Exports errorName and errorMessage.
void RegisterErrorNames(Napi::Env env, Napi::Object exports);

}  // namespace coriolis

#endif  // CORIOLIS_HOST_SYSTEM_ERROR_H_
