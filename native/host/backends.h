// The backends that this build knows, best first.
#ifndef CORIOLIS_HOST_BACKENDS_H_
#define CORIOLIS_HOST_BACKENDS_H_

#include <memory>
#include <string>
#include <vector>

#include "../proactor/proactor.h"

namespace coriolis {

struct BackendReport {
  std::string name;
  bool available;
  std::string reason;  // why not, such as "io_uring_setup: EPERM"
  std::vector<std::string> features;
};

// Opens each backend once, to see; later calls repeat the answers.
const std::vector<BackendReport>& ReportBackends();

// Opens a backend for the calling thread. nullptr: `reason` says why not.
std::unique_ptr<Proactor> OpenBackend(const std::string& name, std::string* reason);

}  // namespace coriolis

#endif  // CORIOLIS_HOST_BACKENDS_H_
