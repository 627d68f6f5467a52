#include "socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>

namespace coriolis {
namespace {

// 0: no such zone.
uint32_t ZoneIndex(const std::string& zone) {
  const uint32_t index = if_nametoindex(zone.c_str());
  if (index != 0 || zone.find_first_not_of("0123456789") != std::string::npos) return index;
  const unsigned long long number = std::strtoull(zone.c_str(), nullptr, 10);
  return number <= UINT32_MAX ? static_cast<uint32_t>(number) : 0;
}

}  // namespace

socklen_t ParseAddress(const std::string& address, uint16_t port, sockaddr_storage* out) {
  // inet_pton would stop there and accept what comes before.
  if (address.find('\0') != std::string::npos) return 0;
  sockaddr_in v4 = {};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6 = {};
  const size_t percent = address.find('%');
  if (inet_pton(AF_INET6, address.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return 0;
  if (percent != std::string::npos && (v6.sin6_scope_id = ZoneIndex(address.substr(percent + 1))) == 0)
    return 0;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(out, &v6, sizeof v6);
  return sizeof v6;
}

AddressText FormatAddress(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {4, text, ntohs(v4.sin_port)};
  }
  if (address.ss_family != AF_INET6) return {};
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  std::string with_zone = text;
  if (v6.sin6_scope_id != 0) {
    char name[IF_NAMESIZE];
    with_zone += '%';
    with_zone += if_indextoname(v6.sin6_scope_id, name) != nullptr ? name : std::to_string(v6.sin6_scope_id);
  }
  return {6, with_zone, ntohs(v6.sin6_port)};
}

}  // namespace coriolis
