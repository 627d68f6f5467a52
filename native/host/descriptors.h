// The descriptors that this thread's JavaScript got from the core and has not closed. A terminated Worker has
// no chance to close its sockets; its process lives on, so they are closed when the environment ends.
#ifndef CORIOLIS_HOST_DESCRIPTORS_H_
#define CORIOLIS_HOST_DESCRIPTORS_H_

#include <napi.h>

namespace coriolis {

// Once per environment, when the addon is loaded.
void CloseDescriptorsWithEnvironment(napi_env env);

// A descriptor was handed to JavaScript, or a close of it was handed to the core.
void AdoptDescriptor(int fd);
void ForgetDescriptor(int fd);

}  // namespace coriolis

#endif  // CORIOLIS_HOST_DESCRIPTORS_H_
