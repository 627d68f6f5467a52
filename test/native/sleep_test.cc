// Time-outs, deadlines, wake-ups, and the sizes of the queues.
#include <poll.h>
#include <sys/time.h>

#include <cerrno>
#include <csignal>

#include "check.h"
#include "driver.h"
#include "sockets.h"

namespace coriolis::test {
namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr uint64_t kNever = UINT64_MAX;

TEST_EACH_BACKEND(TimeoutsEndInOrder) {
  const uint64_t start_ns = NowNs();
  const uint32_t late = driver.Submit(opcode::kTimeout, -1, nullptr, 0, 30 * kMillisecond);
  const uint32_t early = driver.Submit(opcode::kTimeout, -1, nullptr, 0, 10 * kMillisecond);
  const uint32_t at_once = driver.Submit(opcode::kTimeout, -1, nullptr, 0, 0);
  CHECK_EQ(driver.Result(at_once), -ETIME);
  CHECK(!driver.Ended(early));
  CHECK_EQ(driver.Result(early), -ETIME);
  CHECK(NowNs() - start_ns >= 10 * kMillisecond);
  CHECK(!driver.Ended(late) || NowNs() - start_ns >= 30 * kMillisecond);
  CHECK_EQ(driver.Result(late), -ETIME);
  CHECK(NowNs() - start_ns >= 30 * kMillisecond);
}

TEST_EACH_BACKEND(ManyTimeouts) {
  std::vector<uint32_t> kept;
  for (uint32_t i = 0; i < 3000; ++i) {
    const uint32_t timeout = driver.Submit(opcode::kTimeout, -1, nullptr, 0, i * 7919 % 3000 * 10000);
    if (i % 3 == 0) {
      driver.CancelOperation(timeout);
    } else {
      kept.push_back(timeout);
    }
  }
  for (uint32_t timeout : kept) CHECK_EQ(driver.Result(timeout), -ETIME);
}

TEST_EACH_BACKEND(DeadlineWakes) {
  // Later, earlier, and the same again; each must wake by itself.
  for (uint64_t delay : {20, 5, 40, 40, 1, 10}) {
    while (driver.Poll() > 0) {
    }
    const uint64_t deadline_ns = NowNs() + delay * kMillisecond;
    while (NowNs() < deadline_ns) {
      const bool slept = driver.proactor().PrepareToSleep(deadline_ns);
      if (!slept) continue;
      pollfd request = {driver.proactor().WakeDescriptor(), POLLIN, 0};
      CHECK_EQ(poll(&request, 1, 10000), 1);
      driver.proactor().WakeUp();
      driver.Poll();
    }
  }
}

TEST_EACH_BACKEND(PastDeadlineDoesNotSleep) {
  // Either the proactor refuses to sleep, or it wakes at once.
  for (uint64_t deadline_ns : {uint64_t{1}, NowNs()}) {
    for (int i = 0; i < 3; ++i) {
      if (driver.proactor().PrepareToSleep(deadline_ns)) {
        pollfd request = {driver.proactor().WakeDescriptor(), POLLIN, 0};
        CHECK_EQ(poll(&request, 1, 10000), 1);
        driver.proactor().WakeUp();
      }
      driver.Poll();
    }
  }
}

TEST_EACH_BACKEND(NothingToDoSleepsQuietly) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const Fd listener = NewListener();
  driver.Submit(opcode::kAccept, listener);
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK(WriteAll(pair.blocking, "abc"));
  CHECK(driver.Until([&] { return driver.Received(receive) == "abc"; }));
  CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLOUT)), POLLOUT);
  // Interests that nobody waits for any more are there: writable, and data after the receive was cancelled.
  CHECK_EQ(driver.Result(driver.CancelOperation(receive)), 1);
  CHECK_EQ(driver.Result(receive), -ECANCELED);
  CHECK(WriteAll(pair.blocking, "def"));
  int wakes = 0;
  const uint64_t end_ns = NowNs() + 100 * kMillisecond;
  while (NowNs() < end_ns && wakes < 1000) {
    while (driver.Poll() > 0) {
    }
    wakes += driver.Sleep(kNever, 20) ? 1 : 0;
  }
  // A few are allowed, being busy is not.
  CHECK(wakes <= 5);
  const uint32_t resumed = driver.Submit(opcode::kReceive, pair.nonblocking);
  CHECK(driver.Until([&] { return driver.Received(resumed) == "def"; }));
}

TEST_EACH_BACKEND(SignalsDoNotDisturb) {
  driver.AddSlabs(1);
  struct sigaction handler = {};
  handler.sa_handler = [](int) {};
  // It stays: the last signal may come after the timer was stopped.
  sigaction(SIGALRM, &handler, nullptr);
  const itimerval often = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &often, nullptr);
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  std::string sent;
  for (uint32_t round = 0; round < 5000; ++round) {
    const std::string part = Pattern(round, 3000);
    sent += part;
    CHECK_EQ(driver.Result(driver.Submit(opcode::kSend, pair.nonblocking, part.data(), part.size())),
             part.size());
    std::string back;
    while (back.size() < part.size()) back += ReadAll(pair.blocking, part.size() - back.size());
    for (size_t done = 0; done < back.size();) {
      const ssize_t count = write(pair.blocking, &back[done], back.size() - done);
      if (count > 0) done += static_cast<size_t>(count);
    }
    CHECK(driver.Until([&] { return driver.Received(receive).size() == sent.size(); }));
  }
  CHECK(driver.Received(receive) == sent);
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
}

TEST_EACH_BACKEND(MoreSubmissionsThanFit) {
  std::vector<uint32_t> timeouts;
  for (int i = 0; i < 20000; ++i)
    timeouts.push_back(driver.Submit(opcode::kTimeout, -1, nullptr, 0, 3600000 * kMillisecond));
  while (driver.Poll() > 0) {
  }
  CHECK_EQ(driver.proactor().InFlight(), timeouts.size());
  CHECK_EQ(driver.Result(driver.Submit(opcode::kCancelAll, -1)), timeouts.size());
  for (uint32_t timeout : timeouts) CHECK_EQ(driver.Result(timeout), -ECANCELED);
  CHECK_EQ(driver.proactor().InFlight(), 0);
}

TEST_EACH_BACKEND(MoreCompletionsThanFit) {
  driver.AddSlabs(1);
  driver.out_capacity = 3;
  Pair pair = NewTcpPair();
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  const std::string data = Pattern(1, 3 << 20);
  std::string sent;
  std::vector<uint32_t> closed;
  for (int i = 0; i < 5000; ++i) closed.push_back(driver.Submit(opcode::kClose, 999999));
  for (uint32_t slot : closed) CHECK_EQ(driver.Result(slot), -EBADF);
  for (size_t at = 0; at < data.size(); at += 1 << 16) {
    CHECK(WriteAll(pair.blocking, data.substr(at, 1 << 16)));
    CHECK(driver.Until(
        [&] { return driver.Received(receive).size() == std::min<size_t>(data.size(), at + (1 << 16)); }));
  }
  CHECK(driver.Received(receive) == data);
  // A poll without room delivers nothing and loses nothing.
  driver.Submit(opcode::kClose, 999999);
  CHECK_EQ(driver.proactor().Poll(nullptr, 0), 0);
  CHECK_EQ(driver.proactor().InFlight(), 2);
}

TEST_EACH_BACKEND(OneBusyConnectionDoesNotStarveOthers) {
  driver.AddSlabs(4);
  Pair busy = NewTcpPair();
  Pair quiet = NewTcpPair();
  const int large = 4 << 20;
  setsockopt(busy.nonblocking, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
  driver.Submit(opcode::kReceive, busy.nonblocking);
  const uint32_t quiet_receive = driver.Submit(opcode::kReceive, quiet.nonblocking);
  while (driver.Poll() > 0) {
  }
  const std::string data(4 << 20, 'x');
  while (send(busy.blocking, data.data(), data.size(), MSG_DONTWAIT) > 0) {
  }
  CHECK(WriteAll(quiet.blocking, "me too"));
  driver.out_capacity = 64;
  for (int polls = 0; polls < 4; ++polls) driver.Poll();
  CHECK(driver.Received(quiet_receive) == "me too");
}

TEST_EACH_BACKEND(ShutdownWithEverythingInFlight) {
  driver.AddSlabs(1);
  const Fd listener = NewListener();
  const sockaddr_in address = AddressOf(listener);
  std::vector<Pair> pairs;
  const std::string data(20 << 20, 'x');
  std::vector<std::string> targets(16, std::string(1 << 20, '\0'));
  const Fd file = NewFile(data);
  fdatasync(file);
  Pair closing = NewTcpPair();
  std::vector<Fd> clients;
  for (size_t i = 0; i < targets.size(); ++i) {
    pairs.push_back(NewTcpPair());
    const Pair& pair = pairs.back();
    CHECK(WriteAll(pair.blocking, "unread"));
    driver.Submit(opcode::kReceive, pair.nonblocking);
    driver.Submit(opcode::kSend, pair.nonblocking, data.data(), data.size());
    driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
    driver.Submit(opcode::kTimeout, -1, nullptr, 0, 3600000 * kMillisecond);
    driver.Submit(opcode::kRead, file, &targets[i][0], targets[i].size(), i << 20);
    clients.push_back(Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    CHECK_EQ(connect(clients.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  // Connections that are accepted but never delivered must be closed.
  driver.Submit(opcode::kAccept, listener);
  Completion one;
  driver.proactor().Poll(&one, 1);
  if (one.slot != 0 && one.result > 2 && (one.flags & flag::kMore) != 0 && (one.flags & flag::kBuffer) == 0) {
    close(one.result);
  }
  driver.Submit(opcode::kClose, closing.nonblocking.Release());
  driver.proactor().Shutdown();
  // Nothing writes to the memory of operations any more.
  for (std::string& target : targets) std::fill(target.begin(), target.end(), 'z');
  for (const std::string& target : targets) CHECK(target.find_first_not_of('z') == std::string::npos);
}

TEST_EACH_BACKEND(CountersCount) {
  const uint32_t before = driver.proactor().KernelCalls();
  const Fd listener = NewListener();
  driver.Submit(opcode::kAccept, listener);
  driver.Poll();
  CHECK(driver.proactor().KernelCalls() > before);
  CHECK_EQ(driver.proactor().InFlight(), 1);
  CHECK_EQ(driver.proactor().Overflows(), 0);
}

}  // namespace
}  // namespace coriolis::test
