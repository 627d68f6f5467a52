#include "sockets.h"

#include <fcntl.h>

#include <cstdlib>

namespace coriolis::test {

Fd NewListener(int backlog) {
  Fd listener = NewSocket();
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return Fd();
  if (listen(listener, backlog) < 0) return Fd();
  return listener;
}

sockaddr_in AddressOf(int fd) {
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address;
}

Pair NewTcpPair() {
  const Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return {};
  return {std::move(client), Fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC))};
}

Pair NewPipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return {};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Fd(ends[1]), Fd(ends[0])};
}

std::string Pattern(uint32_t seed, size_t length) {
  std::string text(length, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& byte : text) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return text;
}

bool WriteAll(int fd, const std::string& data) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t count = write(fd, data.data() + done, data.size() - done);
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

std::string ReadAll(int fd, size_t length) {
  std::string data(length, '\0');
  size_t done = 0;
  while (done < length) {
    const ssize_t count = read(fd, &data[done], length - done);
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  data.resize(done);
  return data;
}

void ResetOnClose(int fd) {
  const linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

Fd NewFile(const std::string& content) {
  char path[] = "/tmp/coriolis-test-XXXXXX";
  Fd file(mkostemp(path, O_CLOEXEC));
  if (file < 0) return file;
  unlink(path);
  WriteAll(file, content);
  lseek(file, 0, SEEK_SET);
  return file;
}

}  // namespace coriolis::test
