// The proactor over Linux's io_uring.
#ifndef CORIOLIS_PROACTOR_IO_URING_H_
#define CORIOLIS_PROACTOR_IO_URING_H_

#include <memory>
#include <string>
#include <vector>

#include "proactor.h"

namespace coriolis {

// Opens a ring for the calling thread, which must be the only one that uses it. nullptr: io_uring is refused
// here or lacks something of Linux 6.0 that this needs, and `failure` says what. `features`, if given,
// receives the names of what was found: setup flags and optional abilities.
std::unique_ptr<Proactor> OpenIoUring(OpenFailure* failure, std::vector<std::string>* features = nullptr);

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_IO_URING_H_
