#include "descriptors.h"

#include <unistd.h>

#include <cstdint>
#include <vector>

namespace coriolis {

namespace {

// One bit per descriptor number. An environment lives on one thread.
thread_local std::vector<uint64_t> adopted;

void CloseAdopted(void*) {
  for (size_t word = 0; word < adopted.size(); word++) {
    for (int bit = 0; bit < 64; bit++) {
      if ((adopted[word] >> bit) & 1) close(static_cast<int>(word * 64) + bit);
    }
  }
  adopted.clear();
  adopted.shrink_to_fit();
}

}  // namespace

void CloseDescriptorsWithEnvironment(napi_env env) {
  napi_add_env_cleanup_hook(env, CloseAdopted, nullptr);
}

void AdoptDescriptor(int fd) {
  if (fd < 0) return;
  const size_t word = static_cast<size_t>(fd) / 64;
  if (word >= adopted.size()) adopted.resize(word + 16);
  adopted[word] |= 1ull << (fd % 64);
}

void ForgetDescriptor(int fd) {
  if (fd < 0) return;
  const size_t word = static_cast<size_t>(fd) / 64;
  if (word < adopted.size()) adopted[word] &= ~(1ull << (fd % 64));
}

}  // namespace coriolis
