// A closed loop of echo requests: every connection sends one message, waits until all of it has come back,
// checks it, and sends the next.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "clocks.h"
#include "histogram.h"

namespace coriolis::loadgen {

struct EchoOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  uint32_t connections = 64;
  size_t messageBytes = 1024;
  uint64_t warmupNanos = kNanosPerSecond / 4;
  uint64_t measuredNanos = kNanosPerSecond;
  uint64_t connectTimeoutNanos = 5 * kNanosPerSecond;
  pid_t serverPid = 0;  // 0: the server's processor time is not measured
};

// The address to connect to, or false: only loopback is allowed, so that a slip of the hand loads nobody
// else.
inline bool ParseLoopback(const std::string& host, uint16_t port, sockaddr_storage* address,
                          socklen_t* length) {
  std::memset(address, 0, sizeof *address);
  auto* v4 = reinterpret_cast<sockaddr_in*>(address);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *length = sizeof *v4;
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(address);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *length = sizeof *v6;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  }
  return false;
}

class EchoLoad {
 public:
  explicit EchoLoad(const EchoOptions& options) : options_(options) {}
  EchoLoad(const EchoLoad&) = delete;
  EchoLoad& operator=(const EchoLoad&) = delete;

  ~EchoLoad() {
    for (Connection& connection : connections_) Close(connection);
    if (epoll_ >= 0) close(epoll_);
  }

  // Opens all connections; false (with a message on stderr) when that is impossible within the time given.
  bool Connect() {
    sockaddr_storage address;
    socklen_t length = 0;
    if (!ParseLoopback(options_.host, options_.port, &address, &length)) {
      std::fprintf(stderr, "loadgen: %s is not a loopback address\n", options_.host.c_str());
      return false;
    }
    if (options_.serverPid != 0 && !serverCpu_.Open(options_.serverPid)) {
      std::fprintf(stderr, "loadgen: there is no process %d\n", static_cast<int>(options_.serverPid));
      return false;
    }
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return Complain("epoll_create1");
    MakePattern();
    connections_.resize(options_.connections);
    const uint64_t deadline = MonotonicNanos() + options_.connectTimeoutNanos;
    for (uint32_t index = 0; index < options_.connections; ++index) {
      connections_[index].index = index;
      if (!ConnectOne(connections_[index], reinterpret_cast<sockaddr*>(&address), length, deadline))
        return false;
    }
    return true;
  }

  void Run() {
    const uint64_t begin = MonotonicNanos();
    for (Connection& connection : connections_) StartRequest(connection, begin);
    LoopUntil(begin + options_.warmupNanos);
    OpenWindow();
    LoopUntil(windowBegan_ + options_.measuredNanos);
    CloseWindow();
    Drain();
  }

  void Print() const {
    const double seconds = static_cast<double>(windowNanos_) / kNanosPerSecond;
    std::printf("{\"connections\":%u,\"messageBytes\":%zu,\"elapsedSeconds\":%.6f,\"requests\":%llu,",
                options_.connections, options_.messageBytes, seconds,
                static_cast<unsigned long long>(latency_.total()));
    std::printf("\"requestsPerSecond\":%.1f,\"errors\":%u,\"firstError\":%s%s%s,\"idleConnections\":%u,",
                static_cast<double>(latency_.total()) / seconds, errors_, errors_ == 0 ? "" : "\"",
                errors_ == 0 ? "null" : firstError_.c_str(), errors_ == 0 ? "" : "\"", idleConnections_);
    std::printf(
        "\"latencyNanos\":{\"mean\":%.0f,\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"p999\":%llu,\"max\":%llu},",
        latency_.mean(), Quantile(0.5), Quantile(0.9), Quantile(0.99), Quantile(0.999),
        static_cast<unsigned long long>(latency_.max()));
    if (options_.serverPid == 0) {
      std::printf("\"serverCpuNanos\":null,");
    } else {
      std::printf("\"serverCpuNanos\":%llu,", static_cast<unsigned long long>(serverCpuNanos_));
    }
    std::printf("\"generatorCpuNanos\":%llu,\"machineBusyNanos\":%llu}\n",
                static_cast<unsigned long long>(ownCpuNanos_),
                static_cast<unsigned long long>(machineBusyNanos_));
  }

  bool failed() const { return errors_ > 0; }

 private:
  struct Connection {
    int fd = -1;
    uint32_t index = 0;
    uint64_t sequence = 0;
    size_t sentBytes = 0;
    size_t receivedBytes = 0;
    uint64_t startedNanos = 0;
    uint64_t answeredInWindow = 0;
  };

  static constexpr size_t kPatternSpan = 4096;
  static constexpr size_t kReceiveBytes = 256 * 1024;
  static constexpr int kEventsPerWait = 256;
  static constexpr uint64_t kDrainNanos = kNanosPerSecond;

  // Message `sequence` of a connection is a window of one random pattern, shifted for each message: sending
  // needs no stamping, and comparing with the window finds lost, repeated, stale and foreign bytes.
  const char* Message(const Connection& connection) const {
    return pattern_.data() +
           ((connection.index * uint64_t{131} + connection.sequence * 17) & (kPatternSpan - 1));
  }

  void MakePattern() {
    pattern_.resize(options_.messageBytes + kPatternSpan);
    uint64_t state = 0x9e3779b97f4a7c15;
    for (char& byte : pattern_) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      byte = static_cast<char>(state >> 32);
    }
    receiveBuffer_.resize(kReceiveBytes);
  }

  static bool Complain(const char* call) {
    std::fprintf(stderr, "loadgen: %s: %s\n", call, std::strerror(errno));
    return false;
  }

  // Connects with the socket still blocking (bounded by SO_SNDTIMEO), again while nobody listens yet.
  bool ConnectOne(Connection& connection, const sockaddr* address, socklen_t length, uint64_t deadline) {
    for (;;) {
      const uint64_t now = MonotonicNanos();
      const uint64_t left = deadline > now ? deadline - now : 0;
      const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0) return Complain("socket");
      timeval timeout{};
      timeout.tv_sec = static_cast<time_t>(left / kNanosPerSecond);
      timeout.tv_usec = static_cast<suseconds_t>(left % kNanosPerSecond / 1000 + 1);
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
      if (connect(fd, address, length) == 0) {
        connection.fd = fd;
        return Register(connection);
      }
      const int error = errno;
      close(fd);
      errno = error;
      if (left == 0 || (error != ECONNREFUSED && error != EINTR)) return Complain("connect");
      usleep(5000);
    }
  }

  bool Register(Connection& connection) {
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // One registration for the connection's life: edges need no epoll_ctl between sending and receiving.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u32 = connection.index;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) return Complain("epoll_ctl");
    ++open_;
    return true;
  }

  void Close(Connection& connection) {
    if (connection.fd < 0) return;
    close(connection.fd);
    connection.fd = -1;
    --open_;
  }

  void Fail(Connection& connection, const char* what) {
    ++errors_;
    if (firstError_.empty()) firstError_ = what;
    Close(connection);
  }

  void StartRequest(Connection& connection, uint64_t now) {
    connection.sentBytes = 0;
    connection.receivedBytes = 0;
    connection.startedNanos = now;
    ++connection.sequence;
    Send(connection);
  }

  // Sends what the socket takes; EPOLLOUT brings us back for the rest.
  void Send(Connection& connection) {
    const char* message = Message(connection);
    while (connection.sentBytes < options_.messageBytes) {
      const size_t left = options_.messageBytes - connection.sentBytes;
      const ssize_t sent =
          send(connection.fd, message + connection.sentBytes, left, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        return Fail(connection, std::strerror(errno));
      }
      connection.sentBytes += static_cast<size_t>(sent);
    }
  }

  // Receives what is there. An edge must be read until the socket is empty, but a short read says that it is.
  void Receive(Connection& connection) {
    for (;;) {
      const ssize_t got = recv(connection.fd, receiveBuffer_.data(), receiveBuffer_.size(), MSG_DONTWAIT);
      if (got < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        return Fail(connection, std::strerror(errno));
      }
      if (got == 0) return Fail(connection, "the server closed the connection");
      const size_t count = static_cast<size_t>(got);
      // Only what was sent can come back.
      if (connection.receivedBytes + count > connection.sentBytes)
        return Fail(connection, "too many bytes came back");
      if (std::memcmp(Message(connection) + connection.receivedBytes, receiveBuffer_.data(), count) != 0) {
        return Fail(connection, "other bytes came back than were sent");
      }
      connection.receivedBytes += count;
      if (connection.receivedBytes == options_.messageBytes) return FinishRequest(connection);
      if (count < receiveBuffer_.size()) return;
    }
  }

  void FinishRequest(Connection& connection) {
    const uint64_t now = MonotonicNanos();
    latency_.Record(now - connection.startedNanos);
    ++connection.answeredInWindow;
    if (draining_) return Close(connection);
    StartRequest(connection, now);
  }

  void LoopUntil(uint64_t deadline) {
    epoll_event events[kEventsPerWait];
    while (open_ > 0) {
      const uint64_t now = MonotonicNanos();
      if (now >= deadline) return;
      const uint64_t waitMs = (deadline - now + 999999) / 1000000;
      const int count = epoll_wait(epoll_, events, kEventsPerWait, static_cast<int>(waitMs));
      for (int index = 0; index < count; ++index) {
        Connection& connection = connections_[events[index].data.u32];
        const uint32_t flags = events[index].events;
        if (connection.fd >= 0 && (flags & EPOLLOUT) && connection.sentBytes < options_.messageBytes) {
          Send(connection);
        }
        if (connection.fd >= 0 && (flags & ~static_cast<uint32_t>(EPOLLOUT))) Receive(connection);
      }
    }
  }

  void OpenWindow() {
    latency_.Clear();
    for (Connection& connection : connections_) connection.answeredInWindow = 0;
    ownCpuNanos_ = OwnCpuNanos();
    if (options_.serverPid != 0) serverCpuNanos_ = serverCpu_.Nanos();
    machineBusyNanos_ = MachineBusyNanos();
    windowBegan_ = MonotonicNanos();
  }

  void CloseWindow() {
    windowNanos_ = MonotonicNanos() - windowBegan_;
    if (options_.serverPid != 0) serverCpuNanos_ = serverCpu_.Nanos() - serverCpuNanos_;
    ownCpuNanos_ = OwnCpuNanos() - ownCpuNanos_;
    machineBusyNanos_ = MachineBusyNanos() - machineBusyNanos_;
    measured_ = latency_;
    for (const Connection& connection : connections_) {
      if (connection.fd >= 0 && connection.answeredInWindow == 0) ++idleConnections_;
    }
  }

  // Lets the requests under way end, so that the server sees orderly ends of stream and not resets.
  void Drain() {
    draining_ = true;
    LoopUntil(MonotonicNanos() + kDrainNanos);
    latency_ = measured_;
  }

  unsigned long long Quantile(double fraction) const { return latency_.Quantile(fraction); }

  const EchoOptions options_;
  int epoll_ = -1;
  uint32_t open_ = 0;
  bool draining_ = false;
  std::vector<Connection> connections_;
  std::vector<char> pattern_;
  std::vector<char> receiveBuffer_;
  ProcessCpuClock serverCpu_;
  uint64_t serverCpuNanos_ = 0;
  uint64_t ownCpuNanos_ = 0;
  uint64_t machineBusyNanos_ = 0;
  uint64_t windowBegan_ = 0;
  uint64_t windowNanos_ = 0;
  Histogram latency_;
  Histogram measured_;
  uint32_t errors_ = 0;
  uint32_t idleConnections_ = 0;
  std::string firstError_;
};

}  // namespace coriolis::loadgen
