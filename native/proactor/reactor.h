// A proactor over a selector: it does the operation itself once the selector says that the descriptor is
// ready.
#ifndef CORIOLIS_PROACTOR_REACTOR_H_
#define CORIOLIS_PROACTOR_REACTOR_H_

#include <memory>

#include "proactor.h"

namespace coriolis {

// On this platform's selector, whose name it bears. nullptr, with the reason in `failure`, when that can't be
// opened.
std::unique_ptr<Proactor> OpenReactor(OpenFailure* failure);

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_REACTOR_H_
