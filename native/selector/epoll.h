// The selector of Linux.
#ifndef CORIOLIS_SELECTOR_EPOLL_H_
#define CORIOLIS_SELECTOR_EPOLL_H_

#include <memory>

#include "../proactor/proactor.h"
#include "selector.h"

namespace coriolis {

// nullptr, with the reason in `failure`, when the system refuses one of the three descriptors it needs.
std::unique_ptr<Selector> OpenEpoll(OpenFailure* failure);

}  // namespace coriolis

#endif  // CORIOLIS_SELECTOR_EPOLL_H_
