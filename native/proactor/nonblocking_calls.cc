#include "nonblocking_calls.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace coriolis {
namespace {

template <typename Call>
int32_t Retry(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return static_cast<int32_t>(result);
    if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
  }
}

// Calls with `offset` as the position, which means the current one when all bits are set or the file has
// none.
template <typename Call>
int32_t AtOffset(uint64_t offset, Call call) {
  const int32_t result = Retry([&] { return call(static_cast<off_t>(offset)); });
  return result == -ESPIPE ? Retry([&] { return call(static_cast<off_t>(-1)); }) : result;
}

bool IsReady(int fd, short events) {
  pollfd request = {fd, events, 0};
  return poll(&request, 1, 0) > 0;
}

}  // namespace

int32_t Receive(int fd, uint8_t* data, uint32_t length) {
  return Retry([=] { return recv(fd, data, length, MSG_DONTWAIT); });
}

int32_t Send(int fd, const uint8_t* data, uint32_t length) {
  return Retry([=] { return send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

int32_t AcceptConnection(int listener) {
  return Retry([=] { return accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); });
}

int32_t MakeNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  if ((flags & O_NONBLOCK) != 0) return 0;
  return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int32_t Connect(int fd, const uint8_t* address, uint32_t length) {
  const int32_t mode = MakeNonBlocking(fd);
  if (mode < 0) return mode;
  if (connect(fd, reinterpret_cast<const sockaddr*>(address), length) == 0) return 0;
  // An interrupted connect goes on; calling it again would only say EALREADY.
  return errno == EINTR ? -EINPROGRESS : -errno;
}

int32_t ConnectResult(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? -errno : -error;
}

int32_t ReadNow(int fd, uint8_t* data, uint32_t length, uint64_t offset) {
  const iovec part = {data, length};
  return AtOffset(offset, [&](off_t position) { return preadv2(fd, &part, 1, position, RWF_NOWAIT); });
}

int32_t WriteNow(int fd, const uint8_t* data, uint32_t length, uint64_t offset) {
  const iovec part = {const_cast<uint8_t*>(data), length};
  return AtOffset(offset, [&](off_t position) { return pwritev2(fd, &part, 1, position, RWF_NOWAIT); });
}

int32_t ReadIfReady(int fd, uint8_t* data, uint32_t length, uint64_t offset) {
  if (!IsReady(fd, POLLIN)) return -EAGAIN;
  const iovec part = {data, length};
  return AtOffset(offset, [&](off_t position) { return preadv2(fd, &part, 1, position, 0); });
}

int32_t WriteIfReady(int fd, const uint8_t* data, uint32_t length, uint64_t offset) {
  if (!IsReady(fd, POLLOUT)) return -EAGAIN;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return -errno;
  if ((flags & O_NONBLOCK) == 0 && length > PIPE_BUF) length = PIPE_BUF;
  const iovec part = {const_cast<uint8_t*>(data), length};
  return AtOffset(offset, [&](off_t position) { return pwritev2(fd, &part, 1, position, 0); });
}

int32_t CloseDescriptor(int fd) {
  // Linux has let go of the descriptor also when it says EINTR.
  return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

}  // namespace coriolis
