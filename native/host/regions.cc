#include "regions.h"

namespace coriolis {

void Regions::Set(uint32_t region, uint8_t* data, size_t length, napi_value owner) {
  if (region >= regions_.size()) regions_.resize(region + 1);
  Region& entry = regions_[region];
  entry.data = data;
  entry.length = length;
  napi_create_reference(env_, owner, 1, &entry.owner);
}

uint32_t Regions::Pin(uint8_t* data, size_t length, napi_value owner) {
  uint32_t region;
  if (!free_pins_.empty()) {
    region = free_pins_.back();
    free_pins_.pop_back();
  } else {
    const uint32_t size = static_cast<uint32_t>(regions_.size());
    region = size < layout::kRegionPinned ? layout::kRegionPinned : size;
    if (region > layout::kRegionMax) return layout::kRegionNone;
  }
  Set(region, data, length, owner);
  return region;
}

bool Regions::Unpin(uint32_t region) {
  if (region < layout::kRegionPinned || region >= regions_.size()) return false;
  Region& entry = regions_[region];
  if (entry.owner == nullptr) return false;
  napi_delete_reference(env_, entry.owner);
  entry = Region();
  free_pins_.push_back(region);
  return true;
}

void Regions::Keep(napi_value value) {
  napi_ref reference;
  if (napi_create_reference(env_, value, 1, &reference) == napi_ok) kept_.push_back(reference);
}

bool Regions::Resolve(uint32_t region, uint32_t offset, uint32_t length, uint8_t** data) const {
  *data = nullptr;
  if (region == layout::kRegionNone) return length == 0;
  if (region >= regions_.size()) return false;
  const Region& entry = regions_[region];
  if (entry.owner == nullptr || offset > entry.length || length > entry.length - offset) return false;
  *data = entry.data + offset;
  return true;
}

void Regions::ReleaseAll() {
  for (Region& entry : regions_) {
    if (entry.owner != nullptr) napi_delete_reference(env_, entry.owner);
  }
  for (napi_ref reference : kept_) napi_delete_reference(env_, reference);
  regions_.clear();
  free_pins_.clear();
  kept_.clear();
}

}  // namespace coriolis
