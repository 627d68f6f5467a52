// Sockets and files for the tests, closed at the end of their scope unless released.
#ifndef CORIOLIS_TEST_SOCKETS_H_
#define CORIOLIS_TEST_SOCKETS_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace coriolis::test {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    Close();
    fd_ = other.Release();
    return *this;
  }

  operator int() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

inline Fd NewSocket() {
  return Fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Bound to a free port of the loopback; listens.
Fd NewListener(int backlog = 1024);

// Where it is bound.
sockaddr_in AddressOf(int fd);

// Two ends of a TCP connection. The first is blocking.
struct Pair {
  Fd blocking;
  Fd nonblocking;
};
Pair NewTcpPair();
Pair NewPipe();  // reads from `nonblocking`, writes to `blocking`

// A deterministic text: what stands at a position depends on that and on the seed.
std::string Pattern(uint32_t seed, size_t length);

// Writes or reads all of it on a blocking descriptor.
bool WriteAll(int fd, const std::string& data);
std::string ReadAll(int fd, size_t length);

// Makes close send a reset.
void ResetOnClose(int fd);

// An unlinked regular file with this content.
Fd NewFile(const std::string& content);

}  // namespace coriolis::test

#endif  // CORIOLIS_TEST_SOCKETS_H_
