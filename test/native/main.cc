// Runs the tests whose names contain the first argument (all without one). CORIOLIS_TEST_BACKEND limits those
// that run once for each backend to one. Fails also when a test leaves descriptors open.
#include <dirent.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "check.h"
#include "driver.h"

namespace coriolis::test {
namespace {

int OpenDescriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  int count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.' ? 1 : 0;
  closedir(directory);
  return count;
}

// Prints one line; false when a check failed.
template <typename Body>
bool RunOne(const std::string& name, Body body) {
  const int failures_before = Failures();
  const int open_before = OpenDescriptors();
  const uint64_t start_ns = NowNs();
  body();
  const int open_after = OpenDescriptors();
  if (open_after != open_before) {
    Report(__FILE__, __LINE__,
           "descriptors before: " + std::to_string(open_before) + ", after: " + std::to_string(open_after));
  }
  const bool passed = Failures() == failures_before;
  std::printf("%s %s (%.0f ms)\n", passed ? "ok  " : "FAIL", name.c_str(),
              static_cast<double>(NowNs() - start_ns) / 1e6);
  std::fflush(stdout);
  return passed;
}

int RunAll(const char* filter) {
  int run = 0;
  int failed = 0;
  const char* only = std::getenv("CORIOLIS_TEST_BACKEND");
  const auto wanted = [&](const Test& test) {
    return filter == nullptr || std::strstr(test.name, filter) != nullptr;
  };
  for (const Test& test : Tests()) {
    if (test.run == nullptr || !wanted(test)) continue;
    ++run;
    failed += RunOne(test.name, test.run) ? 0 : 1;
  }
  for (const Backend& backend : Backends()) {
    if (only != nullptr && std::strcmp(only, backend.name) != 0) continue;
    OpenFailure failure;
    if (const std::unique_ptr<Proactor> probe = backend.open(&failure)) {
      probe->Shutdown();
    } else {
      std::printf("---- %s is not available here: %s: %s\n", backend.name, failure.call,
                  std::strerror(-failure.error));
      // Whoever asks for one backend by name wants it tested.
      if (only != nullptr) ++failed;
      continue;
    }
    for (const Test& test : Tests()) {
      if (test.run_on == nullptr || !wanted(test)) continue;
      ++run;
      const bool passed = RunOne(std::string(backend.name) + " " + test.name, [&] {
        Driver driver(backend.open(&failure));
        test.run_on(driver);
      });
      failed += passed ? 0 : 1;
    }
  }
  std::printf("%d tests, %d failed\n", run, failed);
  return run > 0 && failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace coriolis::test

int main(int argc, char** argv) {
  // As Node does: writing to a broken pipe fails instead of ending the process.
  signal(SIGPIPE, SIG_IGN);
  return coriolis::test::RunAll(argc > 1 ? argv[1] : nullptr);
}
