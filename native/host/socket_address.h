// Socket addresses as text and a port.
#ifndef CORIOLIS_HOST_SOCKET_ADDRESS_H_
#define CORIOLIS_HOST_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace coriolis {

// Fills `out` and returns its length; 0 when `address` is no IPv4 or IPv6 address. An IPv6 address may name a
// zone by interface name or number ("fe80::1%eth0"); one that does not exist makes it no address.
socklen_t ParseAddress(const std::string& address, uint16_t port, sockaddr_storage* out);

struct AddressText {
  int family = 0;  // 4 or 6; 0: neither
  std::string address;
  uint16_t port = 0;
};

// A link-local IPv6 address comes with its zone: it means nothing without.
AddressText FormatAddress(const sockaddr_storage& address);

}  // namespace coriolis

#endif  // CORIOLIS_HOST_SOCKET_ADDRESS_H_
