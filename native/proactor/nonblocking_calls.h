// POSIX calls that never block, whatever the descriptor's own mode. Each returns the call's result or -errno;
// -EAGAIN means that the call would have had to wait. A signal's interruption is retried.
#ifndef CORIOLIS_PROACTOR_NONBLOCKING_CALLS_H_
#define CORIOLIS_PROACTOR_NONBLOCKING_CALLS_H_

#include <cstdint>

namespace coriolis {

// The file offset that stands for the current position.
constexpr uint64_t kCurrentPosition = UINT64_MAX;

int32_t Receive(int fd, uint8_t* data, uint32_t length);
int32_t Send(int fd, const uint8_t* data, uint32_t length);

// A connection that is non-blocking and close-on-exec. `listener` must be non-blocking.
int32_t AcceptConnection(int listener);

// -EINPROGRESS: wait until the socket is writable, then ask ConnectResult. Makes the socket non-blocking.
int32_t Connect(int fd, const uint8_t* address, uint32_t length);
int32_t ConnectResult(int fd);

int32_t MakeNonBlocking(int fd);

// Read and write without waiting, at `offset` when the file has positions: pipes, sockets, and regular files
// as far as the page cache reaches. -EOPNOTSUPP when the kernel can't promise not to wait for this file.
int32_t ReadNow(int fd, uint8_t* data, uint32_t length, uint64_t offset);
int32_t WriteNow(int fd, const uint8_t* data, uint32_t length, uint64_t offset);

// For descriptors that Read/WriteNow does not support but that know readiness (terminals, old kernels'
// pipes): asks poll first. WriteIfReady writes at most what a pipe that is ready takes at once.
int32_t ReadIfReady(int fd, uint8_t* data, uint32_t length, uint64_t offset);
int32_t WriteIfReady(int fd, const uint8_t* data, uint32_t length, uint64_t offset);

int32_t CloseDescriptor(int fd);

}  // namespace coriolis

#endif  // CORIOLIS_PROACTOR_NONBLOCKING_CALLS_H_
