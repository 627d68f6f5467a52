// Tries out what the kernel's own probe does not tell: whether a multishot receive into provided buffers
// works.
#ifndef CORIOLIS_PROACTOR_IO_URING_PROBE_H_
#define CORIOLIS_PROACTOR_IO_URING_PROBE_H_

#include "proactor.h"

namespace coriolis::uring {

// Receives three bytes through a ring of its own. Done once per process; later calls repeat the answer.
bool MultishotReceiveWorks(OpenFailure* failure);

}  // namespace coriolis::uring

#endif  // CORIOLIS_PROACTOR_IO_URING_PROBE_H_
