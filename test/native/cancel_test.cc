// Cancellation, kClose, and descriptors whose number comes back.
#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "check.h"
#include "driver.h"
#include "sockets.h"

namespace coriolis::test {
namespace {

constexpr uint64_t kHour = 3600ull * 1000000000;
constexpr uint64_t kHere = UINT64_MAX;

// One operation of every kind that can wait.
struct Waiting {
  Fd listener = NewListener();
  Fd full_listener = NewListener(0);
  Fd connecting = NewSocket();
  std::vector<Fd> backlog;
  Pair receiving = NewTcpPair();
  Pair sending = NewTcpPair();
  Pair reading = NewPipe();
  Pair polling = NewTcpPair();
  Fd pipe_from, pipe_to;
  std::string data = std::string(20 << 20, 'x');
  char bytes[16];
  std::vector<uint32_t> operations;

  explicit Waiting(Driver& driver) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return;
    pipe_from = Fd(ends[0]);
    pipe_to = Fd(ends[1]);
    while (write(pipe_to, data.data(), 4096) > 0) {
    }
    // A connect that never ends: nobody accepts, and the backlog is full.
    const sockaddr_in address = AddressOf(full_listener);
    for (int i = 0; i < 4; ++i) {
      backlog.push_back(NewSocket());
      connect(backlog.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    operations = {
        driver.Submit(opcode::kAccept, listener),
        driver.Submit(opcode::kConnect, connecting, &address, sizeof address),
        driver.Submit(opcode::kReceive, receiving.nonblocking),
        driver.Submit(opcode::kSend, sending.nonblocking, data.data(), data.size()),
        driver.Submit(opcode::kRead, reading.nonblocking, bytes, sizeof bytes, kHere),
        driver.Submit(opcode::kWrite, pipe_to, data.data(), 4096, kHere),
        driver.Submit(opcode::kPoll, polling.nonblocking, nullptr, 0, POLLIN),
        driver.Submit(opcode::kTimeout, -1, nullptr, 0, kHour),
    };
    while (driver.Poll() > 0) {
    }
    for (uint32_t operation : operations) CHECK(!driver.Ended(operation));
  }

  std::vector<int> Descriptors() const {
    return {listener, connecting,         receiving.nonblocking, sending.nonblocking, reading.nonblocking,
            pipe_to,  polling.nonblocking};
  }

  // The proactor closes these itself.
  void ReleaseDescriptors() {
    for (Fd* fd : {&listener, &connecting, &receiving.nonblocking, &sending.nonblocking, &reading.nonblocking,
                   &pipe_to, &polling.nonblocking}) {
      fd->Release();
    }
  }
};

TEST_EACH_BACKEND(CancelEachOperation) {
  driver.AddSlabs(1);
  const Waiting waiting(driver);
  for (uint32_t operation : waiting.operations) {
    CHECK_EQ(driver.Result(driver.CancelOperation(operation)), 1);
    CHECK_EQ(driver.Result(operation), -ECANCELED);
    // It is gone now.
    CHECK_EQ(driver.Result(driver.CancelOperation(operation)), -ENOENT);
  }
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(CancelEachDescriptor) {
  driver.AddSlabs(1);
  const Waiting waiting(driver);
  const std::vector<int> descriptors = waiting.Descriptors();
  for (size_t i = 0; i < descriptors.size(); ++i) {
    CHECK_EQ(driver.Result(driver.Submit(opcode::kCancel, descriptors[i])), 1);
    CHECK_EQ(driver.Result(waiting.operations[i]), -ECANCELED);
    const int32_t again = driver.Result(driver.Submit(opcode::kCancel, descriptors[i]));
    CHECK_EQ(again, -ENOENT);
  }
  CHECK_EQ(driver.proactor().InFlight(), 1);  // the time-out has no descriptor
}

TEST_EACH_BACKEND(CancelSeveralOnOneDescriptor) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  const uint32_t first = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
  const uint32_t second = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancel, pair.nonblocking)), 3);
  for (uint32_t operation : {receive, first, second}) CHECK_EQ(driver.Result(operation), -ECANCELED);
}

TEST_EACH_BACKEND(CancelAll) {
  driver.AddSlabs(1);
  const Waiting waiting(driver);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancelAll, -1)), waiting.operations.size());
  for (uint32_t operation : waiting.operations) CHECK_EQ(driver.Result(operation), -ECANCELED);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancelAll, -1)), -ENOENT);
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(CancelInTheSameBatch) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  for (int round = 0; round < 100; ++round) {
    const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
    const uint32_t timeout = driver.Submit(opcode::kTimeout, -1, nullptr, 0, kHour);
    const uint32_t cancel_receive = driver.CancelOperation(receive);
    const uint32_t cancel_timeout = driver.CancelOperation(timeout);
    CHECK_EQ(driver.Result(cancel_receive), 1);
    CHECK_EQ(driver.Result(cancel_timeout), 1);
    CHECK_EQ(driver.Result(receive), -ECANCELED);
    CHECK_EQ(driver.Result(timeout), -ECANCELED);
  }
  // The connection is none the worse for it.
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK(WriteAll(pair.blocking, "still here"));
  CHECK(driver.Until([&] { return driver.Received(receive) == "still here"; }));
}

TEST_EACH_BACKEND(PauseAndResumeReceiving) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  std::string sent, got;
  for (uint32_t round = 0; round < 100; ++round) {
    const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
    const std::string part = Pattern(round, 1 + round * 11);
    sent += part;
    CHECK(WriteAll(pair.blocking, part));
    if (round % 3 == 0)
      CHECK(driver.Until([&] { return got.size() + driver.Received(receive).size() == sent.size(); }));
    driver.CancelOperation(receive);
    CHECK_EQ(driver.Result(receive), -ECANCELED);
    got += driver.Received(receive);
  }
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK(driver.Until([&] { return got.size() + driver.Received(receive).size() == sent.size(); }));
  CHECK(got + driver.Received(receive) == sent);
}

TEST_EACH_BACKEND(CloseEndsEverythingOnTheDescriptor) {
  driver.AddSlabs(1);
  Waiting waiting(driver);
  const std::vector<int> descriptors = waiting.Descriptors();
  waiting.ReleaseDescriptors();
  for (size_t i = 0; i < descriptors.size(); ++i) {
    CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, descriptors[i])), 0);
    CHECK_EQ(driver.Result(waiting.operations[i]), -ECANCELED);
    CHECK(fcntl(descriptors[i], F_GETFD) < 0);
  }
  CHECK_EQ(driver.Result(driver.CancelOperation(waiting.operations.back())), 1);
  CHECK_EQ(driver.proactor().InFlight(), 1 - static_cast<uint32_t>(driver.Ended(waiting.operations.back())));
}

TEST_EACH_BACKEND(CloseAfterSendInTheSameBatch) {
  for (int round = 0; round < 50; ++round) {
    Pair pair = NewTcpPair();
    const uint32_t send = driver.Submit(opcode::kSend, pair.nonblocking, "bye", 3);
    CHECK_EQ(driver.Result(send), 3);
    CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, pair.nonblocking.Release())), 0);
    CHECK(ReadAll(pair.blocking, 4) == "bye");
  }
}

TEST_EACH_BACKEND(NumbersComeBackAtOnce) {
  driver.AddSlabs(1);
  // Connections are closed with data and events pending; whoever gets their number next must not see any of
  // it.
  for (uint32_t round = 0; round < 300; ++round) {
    Pair old = NewTcpPair();
    const int number = old.nonblocking;
    const uint32_t old_receive = driver.Submit(opcode::kReceive, number);
    while (driver.Poll() > 0) {
    }
    CHECK(WriteAll(old.blocking, "for the old one"));
    if (round % 2 == 0) {
      ResetOnClose(old.blocking);
      old.blocking.Close();
    }
    const uint32_t close = driver.Submit(opcode::kClose, old.nonblocking.Release());
    if (round % 3 == 0) driver.Poll();
    CHECK_EQ(driver.Result(close), 0);

    Pair fresh = NewTcpPair();
    const uint32_t receive = driver.Submit(opcode::kReceive, fresh.nonblocking);
    const std::string message = Pattern(round, 1 + round);
    CHECK(WriteAll(fresh.blocking, message));
    REQUIRE(driver.Until([&] { return driver.Received(receive).size() >= message.size(); }));
    CHECK(driver.Received(receive) == message);
    CHECK(driver.Ended(old_receive));
    CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, fresh.nonblocking.Release())), 0);
    CHECK_EQ(driver.Result(receive), -ECANCELED);
  }
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(AcceptedNumbersComeBack) {
  driver.AddSlabs(1);
  const Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  const uint32_t accept = driver.Submit(opcode::kAccept, listener);
  for (uint32_t round = 0; round < 200; ++round) {
    const Fd client = NewSocket();
    const uint32_t connect = driver.Submit(opcode::kConnect, client, &address, sizeof address);
    const int server = driver.Next(accept).result;
    REQUIRE(server >= 0);
    CHECK_EQ(driver.Result(connect), 0);
    const uint32_t receive = driver.Submit(opcode::kReceive, server);
    const std::string message = Pattern(round, 1 + round * 5);
    driver.Submit(opcode::kSend, client, message.data(), message.size());
    CHECK(driver.Until([&] { return driver.Received(receive) == message; }));
    CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, server)), 0);
    CHECK_EQ(driver.Result(receive), -ECANCELED);
  }
}

TEST_EACH_BACKEND(CancelOfTheUnknown) {
  CHECK_EQ(driver.Result(driver.CancelOperation(123456)), -ENOENT);
  const Fd file = NewFile("");
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancel, file)), -ENOENT);
}

}  // namespace
}  // namespace coriolis::test
