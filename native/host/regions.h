// The memory that operations may name: arena, pool slabs and pinned user memory, each an ArrayBuffer of
// TypeScript's that is kept alive here.
#ifndef CORIOLIS_HOST_REGIONS_H_
#define CORIOLIS_HOST_REGIONS_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../exchange.h"

namespace coriolis {

class Regions {
 public:
  explicit Regions(napi_env env) : env_(env) {}
  ~Regions() { ReleaseAll(); }
  Regions(const Regions&) = delete;
  Regions& operator=(const Regions&) = delete;

  // Registers memory under a fixed number: the arena or a slab.
  void Set(uint32_t region, uint8_t* data, size_t length, napi_value owner);
  // Registers memory under a free number, or returns kRegionNone when all are taken.
  uint32_t Pin(uint8_t* data, size_t length, napi_value owner);
  // Lets go of pinned memory; false if `region` is not pinned.
  bool Unpin(uint32_t region);
  // Keeps a value alive that no operation names.
  void Keep(napi_value value);

  // The address of `length` bytes at `offset`; false if they are not all inside the region.
  bool Resolve(uint32_t region, uint32_t offset, uint32_t length, uint8_t** data) const;

  void ReleaseAll();

 private:
  struct Region {
    uint8_t* data = nullptr;
    size_t length = 0;
    napi_ref owner = nullptr;  // nullptr: not in use
  };

  napi_env env_;
  std::vector<Region> regions_;
  std::vector<uint32_t> free_pins_;
  std::vector<napi_ref> kept_;
};

}  // namespace coriolis

#endif  // CORIOLIS_HOST_REGIONS_H_
