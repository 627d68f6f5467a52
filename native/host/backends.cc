#include "backends.h"

#include <uv.h>

#include "../proactor/io_uring.h"
#include "../proactor/reactor.h"

namespace coriolis {

namespace {

struct Backend {
  const char* name;
  std::unique_ptr<Proactor> (*open)(OpenFailure* failure, std::vector<std::string>* features);
};

std::unique_ptr<Proactor> OpenEpoll(OpenFailure* failure, std::vector<std::string>*) {
  return OpenReactor(failure);
}

constexpr Backend kBackends[] = {
    {"io_uring", OpenIoUring},
    {"epoll", OpenEpoll},
};

std::string Describe(const OpenFailure& failure) {
  return std::string(failure.call == nullptr ? "open" : failure.call) + ": " + uv_err_name(failure.error);
}

std::vector<BackendReport> ProbeBackends() {
  std::vector<BackendReport> reports;
  for (const Backend& backend : kBackends) {
    BackendReport report = {backend.name, false, {}, {}};
    OpenFailure failure;
    if (const auto proactor = backend.open(&failure, &report.features)) {
      report.available = true;
      proactor->Shutdown();
    } else {
      report.reason = Describe(failure);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace

const std::vector<BackendReport>& ReportBackends() {
  static const std::vector<BackendReport> reports = ProbeBackends();
  return reports;
}

std::unique_ptr<Proactor> OpenBackend(const std::string& name, std::string* reason) {
  for (const Backend& backend : kBackends) {
    if (name != backend.name) continue;
    OpenFailure failure;
    std::unique_ptr<Proactor> proactor = backend.open(&failure, nullptr);
    if (proactor == nullptr) *reason = Describe(failure);
    return proactor;
  }
  *reason = "no such backend in this build";
  return nullptr;
}

}  // namespace coriolis
