// Connections: accept, connect, receive, send, shutdown, and their ends.
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <thread>

#include "check.h"
#include "driver.h"
#include "sockets.h"

namespace coriolis::test {
namespace {

TEST_EACH_BACKEND(AcceptConnectEcho) {
  driver.AddSlabs(1);
  const Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  const uint32_t accept = driver.Submit(opcode::kAccept, listener);
  const Fd client = NewSocket();
  uint32_t connect;
  {
    // Submit copies the address.
    const auto copy = std::make_unique<sockaddr_in>(address);
    connect = driver.Submit(opcode::kConnect, client, copy.get(), sizeof *copy);
  }
  CHECK_EQ(driver.Result(connect), 0);
  const Completion accepted = driver.Next(accept);
  CHECK_EQ(accepted.flags, flag::kMore);
  REQUIRE(accepted.result >= 0);
  const int server = accepted.result;

  const uint32_t server_receive = driver.Submit(opcode::kReceive, server);
  const uint32_t client_receive = driver.Submit(opcode::kReceive, client);
  for (uint32_t round = 0; round < 50; ++round) {
    const std::string message = Pattern(round, 1 + round * 400);
    driver.Received(server_receive).clear();
    driver.Received(client_receive).clear();
    CHECK_EQ(driver.Result(driver.Submit(opcode::kSend, client, message.data(), message.size())),
             message.size());
    REQUIRE(driver.Until([&] { return driver.Received(server_receive).size() == message.size(); }));
    CHECK(driver.Received(server_receive) == message);
    CHECK_EQ(driver.Result(driver.Submit(opcode::kSend, server, message.data(), message.size())),
             message.size());
    REQUIRE(driver.Until([&] { return driver.Received(client_receive).size() == message.size(); }));
    CHECK(driver.Received(client_receive) == message);
  }

  const uint32_t close = driver.Submit(opcode::kClose, server);
  CHECK_EQ(driver.Result(server_receive), -ECANCELED);
  CHECK_EQ(driver.Result(close), 0);
  CHECK_EQ(driver.Result(client_receive), 0);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancel, listener)), 1);
  CHECK_EQ(driver.Result(accept), -ECANCELED);
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(ConnectRefused) {
  Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  listener.Close();
  const Fd client = NewSocket();
  CHECK_EQ(driver.Result(driver.Submit(opcode::kConnect, client, &address, sizeof address)), -ECONNREFUSED);
}

TEST_EACH_BACKEND(ConnectUnix) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  // An abstract name: nothing to remove afterwards.
  const int written =
      std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "coriolis-test-%d", getpid());
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(written));
  const Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const Fd stranger(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  CHECK_EQ(driver.Result(driver.Submit(opcode::kConnect, stranger, &address, length)), -ECONNREFUSED);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 && listen(listener, 8) == 0);
  const uint32_t accept = driver.Submit(opcode::kAccept, listener);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kConnect, client, &address, length)), 0);
  Fd server(driver.Next(accept).result);
  driver.AddSlabs(1);
  const uint32_t receive = driver.Submit(opcode::kReceive, client);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kSend, server, "hello", 5)), 5);
  CHECK(driver.Until([&] { return driver.Received(receive) == "hello"; }));
  CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, server.Release())), 0);
  CHECK_EQ(driver.Result(receive), 0);
}

TEST_EACH_BACKEND(EndOfStreamAfterData) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  // The data and the end are there before the receive starts.
  CHECK(WriteAll(pair.blocking, "last words"));
  pair.blocking.Close();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK_EQ(driver.Result(receive), 0);
  CHECK(driver.Received(receive) == "last words");
  // Another receive finds the end again.
  CHECK_EQ(driver.Result(driver.Submit(opcode::kReceive, pair.nonblocking)), 0);
}

TEST_EACH_BACKEND(EndOfStreamWhileWaiting) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  while (driver.Poll() > 0) {
  }
  CHECK(!driver.Ended(receive));
  CHECK(WriteAll(pair.blocking, "last words"));
  pair.blocking.Close();
  CHECK_EQ(driver.Result(receive), 0);
  CHECK(driver.Received(receive) == "last words");
}

TEST_EACH_BACKEND(ResetEndsReceiveAndSend) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  while (driver.Poll() > 0) {
  }
  ResetOnClose(pair.blocking);
  pair.blocking.Close();
  CHECK_EQ(driver.Result(receive), -ECONNRESET);
  // No SIGPIPE either: it would end this program.
  struct sigaction before, fatal = {};
  fatal.sa_handler = SIG_DFL;
  sigaction(SIGPIPE, &fatal, &before);
  const int32_t sent = driver.Result(driver.Submit(opcode::kSend, pair.nonblocking, "x", 1));
  CHECK(sent == -EPIPE || sent == -ECONNRESET);
  sigaction(SIGPIPE, &before, nullptr);
}

TEST_EACH_BACKEND(HalfClose) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  shutdown(pair.blocking, SHUT_WR);
  CHECK_EQ(driver.Result(receive), 0);
  // The other direction goes on.
  const std::string answer = Pattern(1, 100000);
  const uint32_t send = driver.Submit(opcode::kSend, pair.nonblocking, answer.data(), answer.size());
  std::string got;
  std::thread reader([&] { got = ReadAll(pair.blocking, answer.size()); });
  CHECK_EQ(driver.Result(send), answer.size());
  reader.join();
  CHECK(got == answer);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kShutdown, pair.nonblocking, nullptr, 0, SHUT_WR)), 0);
  CHECK(ReadAll(pair.blocking, 1).empty());
  CHECK_EQ(driver.Result(driver.Submit(opcode::kShutdown, pair.nonblocking, nullptr, 0, 9)), -EINVAL);
}

TEST_EACH_BACKEND(SendWaitsUntilEverythingIsSent) {
  Pair pair = NewTcpPair();
  const std::string data = Pattern(2, 20 << 20);
  const uint32_t send = driver.Submit(opcode::kSend, pair.nonblocking, data.data(), data.size());
  while (driver.Poll() > 0) {
  }
  CHECK(!driver.Ended(send));
  std::string got;
  std::thread reader([&] { got = ReadAll(pair.blocking, data.size()); });
  CHECK_EQ(driver.Result(send), data.size());
  reader.join();
  CHECK(got == data);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kSend, pair.nonblocking, data.data(), 0)), 0);
}

TEST_EACH_BACKEND(SendFailsInTheMiddle) {
  Pair pair = NewTcpPair();
  const std::string data = Pattern(3, 20 << 20);
  const uint32_t send = driver.Submit(opcode::kSend, pair.nonblocking, data.data(), data.size());
  while (driver.Poll() > 0) {
  }
  ResetOnClose(pair.blocking);
  pair.blocking.Close();
  const int32_t result = driver.Result(send);
  CHECK(result == -ECONNRESET || result == -EPIPE);
}

TEST_EACH_BACKEND(ErrorsOfDescriptors) {
  driver.AddSlabs(1);
  const Fd file = NewFile("text");
  Pair pipe = NewPipe();
  const Fd listener = NewListener();
  const Fd unconnected = NewSocket();
  const sockaddr_in address = AddressOf(listener);
  constexpr int kClosed = 999999;
  for (uint8_t code :
       {opcode::kAccept, opcode::kConnect, opcode::kReceive, opcode::kSend, opcode::kShutdown}) {
    const bool is_connect = code == opcode::kConnect;
    const void* data = is_connect ? static_cast<const void*>(&address) : "x";
    const size_t length = is_connect ? sizeof address : 1;
    CHECK_EQ(driver.Result(driver.Submit(code, kClosed, data, length)), -EBADF);
    CHECK_EQ(driver.Result(driver.Submit(code, file, data, length)), -ENOTSOCK);
    CHECK_EQ(driver.Result(driver.Submit(code, pipe.nonblocking, data, length)), -ENOTSOCK);
  }
  char bytes[4];
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, kClosed, bytes, 4, UINT64_MAX)), -EBADF);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, kClosed, bytes, 4, UINT64_MAX)), -EBADF);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, kClosed, nullptr, 0, POLLIN)), -EBADF);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, kClosed)), -EBADF);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kAccept, unconnected)), -EINVAL);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kReceive, unconnected)), -ENOTCONN);
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(EmptyPoolEndsReceiveAndLosesNothing) {
  driver.KeepBuffers();
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const std::string data = Pattern(4, 5 << 20);
  std::thread writer([&] {
    WriteAll(pair.blocking, data);
    shutdown(pair.blocking, SHUT_WR);
  });
  std::string got;
  uint32_t starved = 0;
  for (;;) {
    const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
    const int32_t result = driver.Result(receive);
    got += driver.Received(receive);
    if (result != -ENOBUFS) {
      CHECK_EQ(result, 0);
      break;
    }
    ++starved;
    CHECK(driver.kept_buffers() >= layout::kPoolSlabBuffers - 1);
    driver.ReturnBuffers();
  }
  writer.join();
  CHECK(starved >= 4);
  CHECK(got == data);
}

TEST_EACH_BACKEND(PoolWithoutSlabs) {
  Pair pair = NewTcpPair();
  CHECK(WriteAll(pair.blocking, "data"));
  CHECK_EQ(driver.Result(driver.Submit(opcode::kReceive, pair.nonblocking)), -ENOBUFS);
  driver.AddSlabs(2);
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK(driver.Until([&] { return driver.Received(receive) == "data"; }));
}

TEST_EACH_BACKEND(OnePoolServesManySockets) {
  driver.RestartStarvedReceives();
  driver.AddSlabs(1);
  constexpr size_t kPairs = 64;
  std::vector<Pair> pairs;
  std::vector<uint32_t> receives;
  for (size_t i = 0; i < kPairs; ++i) {
    pairs.push_back(NewTcpPair());
    receives.push_back(driver.Submit(opcode::kReceive, pairs.back().nonblocking));
  }
  for (uint32_t round = 0; round < 200; ++round) {
    for (uint32_t i = 0; i < kPairs; ++i)
      CHECK(WriteAll(pairs[i].blocking, Pattern(round * kPairs + i, 1 + i * 7)));
    for (uint32_t i = 0; i < kPairs; ++i) {
      std::string& received = driver.Received(receives[i]);
      const std::string expected = Pattern(round * kPairs + i, 1 + i * 7);
      REQUIRE(driver.Until([&] { return received.size() >= expected.size(); }));
      CHECK(received == expected);
      received.clear();
    }
  }
}

TEST_EACH_BACKEND(ThousandConnections) {
  driver.RestartStarvedReceives();
  driver.AddSlabs(4);
  constexpr uint32_t kConnections = 1000;
  const Fd listener = NewListener(kConnections);
  const sockaddr_in address = AddressOf(listener);
  const uint32_t accept = driver.Submit(opcode::kAccept, listener);

  struct Client {
    Fd fd;
    uint32_t connect = 0;
    uint32_t receive = 0;
    std::string request;  // its first two bytes tell the server the length of the rest
  };
  struct Server {
    int fd = -1;
    uint32_t receive = 0;
    uint32_t send = 0;
    std::string answer;
  };
  std::vector<Client> clients(kConnections);
  std::vector<Server> servers;
  for (uint32_t i = 0; i < kConnections; ++i) {
    Client& client = clients[i];
    const size_t length = i % 10 == 0 ? 50000 : 1 + i * 37 % 3000;
    client.request = Pattern(i, length);
    client.request.insert(0, {static_cast<char>(length & 0xff), static_cast<char>(length >> 8)});
    client.fd = NewSocket();
    client.connect = driver.Submit(opcode::kConnect, client.fd, &address, sizeof address);
  }
  for (Client& client : clients) {
    REQUIRE(driver.Result(client.connect) == 0);
    client.receive = driver.Submit(opcode::kReceive, client.fd);
    const uint32_t send =
        driver.Submit(opcode::kSend, client.fd, client.request.data(), client.request.size());
    static_cast<void>(send);
  }
  const auto serve = [&] {
    for (const Completion& accepted : driver.Completions(accept)) {
      if (accepted.result < 0) continue;
      servers.push_back({accepted.result, driver.Submit(opcode::kReceive, accepted.result), 0, {}});
    }
    driver.Completions(accept).clear();
    for (Server& server : servers) {
      const std::string& request = driver.Received(server.receive);
      if (server.send != 0 || request.size() < 2) continue;
      const size_t length =
          static_cast<uint8_t>(request[0]) | static_cast<size_t>(static_cast<uint8_t>(request[1])) << 8;
      if (request.size() < length + 2) continue;
      server.answer = request;
      server.send = driver.Submit(opcode::kSend, server.fd, server.answer.data(), server.answer.size());
    }
    return std::all_of(clients.begin(), clients.end(), [&](const Client& client) {
      return driver.Received(client.receive).size() >= client.request.size();
    });
  };
  REQUIRE(driver.Until(serve, 60000));
  CHECK_EQ(servers.size(), kConnections);
  for (const Client& client : clients) CHECK(driver.Received(client.receive) == client.request);
  for (const Server& server : servers) driver.Submit(opcode::kClose, server.fd);
  for (const Client& client : clients) CHECK_EQ(driver.Result(client.receive), 0);
  for (const Server& server : servers) CHECK_EQ(driver.Result(server.receive), -ECANCELED);
}

TEST_EACH_BACKEND(AcceptBurstAndRestart) {
  constexpr size_t kClients = 300;
  const Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  // They wait in the backlog before the accept starts; half of them are taken by a second accept.
  std::vector<Fd> clients;
  std::vector<Fd> servers;
  const auto connect_some = [&] {
    for (size_t i = 0; i < kClients / 2; ++i) {
      clients.push_back(Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
      CHECK_EQ(connect(clients.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
  };
  for (size_t expected : {kClients / 2, kClients}) {
    connect_some();
    const uint32_t accept = driver.Submit(opcode::kAccept, listener);
    while (servers.size() < expected) {
      const Completion accepted = driver.Next(accept);
      REQUIRE(accepted.result >= 0);
      servers.push_back(Fd(accepted.result));
    }
    CHECK_EQ(driver.Result(driver.CancelOperation(accept)), 1);
    CHECK_EQ(driver.Result(accept), -ECANCELED);
  }
}

}  // namespace
}  // namespace coriolis::test
