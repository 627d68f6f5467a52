// kRead, kWrite and kPoll on everything that is no connection.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <termios.h>

#include <cerrno>
#include <thread>

#include "check.h"
#include "driver.h"
#include "sockets.h"

namespace coriolis::test {
namespace {

constexpr uint64_t kHere = UINT64_MAX;  // the current position

TEST_EACH_BACKEND(FileAtOffsets) {
  const std::string content = Pattern(1, 1 << 20);
  const Fd file = NewFile(content);
  std::string got(300000, '\0');
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, &got[0], got.size(), 12345)), got.size());
  CHECK(got == content.substr(12345, got.size()));
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, &got[0], got.size(), content.size() - 10)), 10);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, &got[0], got.size(), content.size() + 10)), 0);
  const std::string words = Pattern(2, 70000);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, file, words.data(), words.size(), 500)), words.size());
  got.resize(words.size());
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, &got[0], got.size(), 500)), got.size());
  CHECK(got == words);
}

TEST_EACH_BACKEND(FileThatIsNotInThePageCache) {
  const std::string content = Pattern(3, 4 << 20);
  const Fd file = NewFile(content);
  fdatasync(file);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  std::string got(content.size(), '\0');
  std::vector<uint32_t> reads;
  constexpr size_t kPart = 64 << 10;
  for (size_t at = 0; at < content.size(); at += kPart) {
    reads.push_back(driver.Submit(opcode::kRead, file, &got[at], kPart, at));
  }
  for (uint32_t read : reads) CHECK_EQ(driver.Result(read), kPart);
  CHECK(got == content);
}

TEST_EACH_BACKEND(FileAtTheCurrentPosition) {
  const Fd file = NewFile("one two");
  char word[4] = {};
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, word, 3, kHere)), 3);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, word, 1, kHere)), 1);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, word, 4, kHere)), 3);
  CHECK(std::string(word, 3) == "two");
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, file, word, 4, kHere)), 0);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, file, "!", 1, kHere)), 1);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 8);
}

TEST_EACH_BACKEND(FileErrors) {
  const Fd directory(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Fd read_only(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  char bytes[8] = {};
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, directory, bytes, 8, 0)), -EISDIR);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, read_only, bytes, 8, 0)), -EBADF);
}

TEST_EACH_BACKEND(FileWithoutPositionsOrCache) {
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const Fd zero(open("/dev/zero", O_RDWR | O_CLOEXEC));
  const Fd status(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  char bytes[64] = {};
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, null, bytes, 64, kHere)), 0);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, null, bytes, 64, kHere)), 64);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, zero, bytes, 64, kHere)), 64);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, status, bytes, 64, 0)), 64);
  CHECK_EQ(std::atoi(bytes), getpid());
}

TEST_EACH_BACKEND(ManyWritesOfOneFile) {
  constexpr uint32_t kParts = 400;
  constexpr size_t kPart = 5000;
  const Fd file = NewFile("");
  const std::string content = Pattern(5, kParts * kPart);
  std::vector<uint32_t> writes;
  for (size_t i = 0; i < kParts; ++i) {
    writes.push_back(driver.Submit(opcode::kWrite, file, &content[i * kPart], kPart, i * kPart));
  }
  for (uint32_t write : writes) CHECK_EQ(driver.Result(write), kPart);
  lseek(file, 0, SEEK_SET);
  CHECK(ReadAll(file, content.size()) == content);
}

TEST_EACH_BACKEND(CloseWaitsForRunningFileOperations) {
  const std::string content = Pattern(6, 8 << 20);
  Fd file = NewFile(content);
  fdatasync(file);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  std::string got(content.size(), '\0');
  std::vector<uint32_t> reads;
  for (size_t at = 0; at < content.size(); at += 1 << 20) {
    reads.push_back(driver.Submit(opcode::kRead, file, &got[at], 1 << 20, at));
  }
  const int number = file.Release();
  CHECK_EQ(driver.Result(driver.Submit(opcode::kClose, number)), 0);
  CHECK(fcntl(number, F_GETFD) < 0);
  for (size_t i = 0; i < reads.size(); ++i) {
    const int32_t result = driver.Result(reads[i]);
    CHECK(result == -ECANCELED || result > 0);
    if (result > 0)
      CHECK(got.compare(i << 20, static_cast<size_t>(result), content, i << 20,
                        static_cast<size_t>(result)) == 0);
  }
}

TEST_EACH_BACKEND(PipeReadsWait) {
  Pair pipe = NewPipe();
  char first[4], second[4];
  const uint32_t one = driver.Submit(opcode::kRead, pipe.nonblocking, first, 4, kHere);
  const uint32_t two = driver.Submit(opcode::kRead, pipe.nonblocking, second, 4, kHere);
  while (driver.Poll() > 0) {
  }
  CHECK(!driver.Ended(one) && !driver.Ended(two));
  // Which of the two gets the first bytes is up to the backend.
  CHECK(WriteAll(pipe.blocking, "abcd"));
  CHECK(driver.Until([&] { return driver.Ended(one) != driver.Ended(two); }));
  const bool in_order = driver.Ended(one);
  CHECK_EQ(driver.Result(in_order ? one : two), 4);
  CHECK(std::string(in_order ? first : second, 4) == "abcd");
  CHECK(WriteAll(pipe.blocking, "ef"));
  CHECK_EQ(driver.Result(in_order ? two : one), 2);
  pipe.blocking.Close();
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, pipe.nonblocking, first, 4, kHere)), 0);
}

TEST_EACH_BACKEND(PipeWritesWait) {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  Fd from(ends[0]);
  const Fd to(ends[1]);
  // Blocking ends: the loop must not block all the same.
  const std::string data = Pattern(7, 1 << 20);
  std::string got;
  std::thread reader;
  size_t done = 0;
  while (done < data.size()) {
    const uint32_t write = driver.Submit(opcode::kWrite, to, &data[done], data.size() - done, kHere);
    if (!reader.joinable()) {
      driver.Poll();
      reader = std::thread([&] { got = ReadAll(from, data.size()); });
    }
    const int32_t result = driver.Result(write);
    if (result <= 0) {
      CHECK(result > 0);
      close(to);
      break;
    }
    done += static_cast<size_t>(result);
  }
  reader.join();
  CHECK(got == data);
  from.Close();
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, to, "x", 1, kHere)), -EPIPE);
}

TEST_EACH_BACKEND(BlockingPipeRead) {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const Fd from(ends[0]);
  const Fd to(ends[1]);
  char bytes[16];
  const uint32_t read = driver.Submit(opcode::kRead, from, bytes, 16, kHere);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kTimeout, -1, nullptr, 0, 1000000)), -ETIME);
  CHECK(!driver.Ended(read));
  CHECK(WriteAll(to, "abc"));
  CHECK_EQ(driver.Result(read), 3);
}

TEST_EACH_BACKEND(PipeAtAnOffset) {
  Pair pipe = NewPipe();
  CHECK(WriteAll(pipe.blocking, "abc"));
  char bytes[16];
  // A stream has no positions: the offset is not looked at.
  CHECK_EQ(driver.Result(driver.Submit(opcode::kRead, pipe.nonblocking, bytes, 16, 5)), 3);
}

TEST_EACH_BACKEND(EventCounter) {
  const Fd counter(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  uint64_t got = 0;
  for (uint64_t value = 1; value <= 50; ++value) {
    const uint32_t read = driver.Submit(opcode::kRead, counter, &got, sizeof got, kHere);
    CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, counter, &value, sizeof value, kHere)), 8);
    CHECK_EQ(driver.Result(read), 8);
    CHECK_EQ(got, value);
  }
}

TEST_EACH_BACKEND(Terminal) {
  int ends[2];
  REQUIRE(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) == 0);
  const Fd master(ends[0]);
  Fd terminal(ends[1]);
  termios raw;
  tcgetattr(terminal, &raw);
  cfmakeraw(&raw);
  tcsetattr(terminal, TCSANOW, &raw);
  char bytes[16];
  const uint32_t read = driver.Submit(opcode::kRead, terminal, bytes, 16, kHere);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kTimeout, -1, nullptr, 0, 1000000)), -ETIME);
  CHECK(!driver.Ended(read));
  CHECK(WriteAll(master, "key"));
  CHECK_EQ(driver.Result(read), 3);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kWrite, terminal, "text", 4, kHere)), 4);
  CHECK(ReadAll(master, 4) == "text");
}

TEST_EACH_BACKEND(PollIsAboutTheLevel) {
  Pair pair = NewTcpPair();
  CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLOUT)), POLLOUT);
  for (int round = 0; round < 5; ++round) {
    const uint32_t readable = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
    while (driver.Poll() > 0) {
    }
    CHECK(!driver.Ended(readable));
    CHECK(WriteAll(pair.blocking, "abc"));
    CHECK_EQ(driver.Result(readable), POLLIN);
    // Some is left: the next poll completes at once, and so does one with both.
    CHECK_EQ(ReadAll(pair.nonblocking, 2).size(), 2);
    CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN)), POLLIN);
    CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN | POLLOUT)),
             POLLIN | POLLOUT);
    CHECK_EQ(ReadAll(pair.nonblocking, 1).size(), 1);
  }
  pair.blocking.Close();
  CHECK((driver.Result(driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN)) & POLLIN) != 0);
}

TEST_EACH_BACKEND(PollBesideReceiveAndSend) {
  driver.AddSlabs(1);
  Pair pair = NewTcpPair();
  const std::string data = Pattern(8, 20 << 20);
  const uint32_t send = driver.Submit(opcode::kSend, pair.nonblocking, data.data(), data.size());
  const uint32_t first = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
  const uint32_t second = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLIN);
  while (driver.Poll() > 0) {
  }
  CHECK(WriteAll(pair.blocking, "abc"));
  CHECK_EQ(driver.Result(first), POLLIN);
  CHECK_EQ(driver.Result(second), POLLIN);
  CHECK(!driver.Ended(send));
  // A poll for data beside a receive may find that the receive has taken them; one for space is on its own.
  const uint32_t receive = driver.Submit(opcode::kReceive, pair.nonblocking);
  const uint32_t writable = driver.Submit(opcode::kPoll, pair.nonblocking, nullptr, 0, POLLOUT);
  CHECK(driver.Until([&] { return driver.Received(receive) == "abc"; }));
  std::string got;
  std::thread reader([&] { got = ReadAll(pair.blocking, data.size()); });
  CHECK_EQ(driver.Result(send), data.size());
  CHECK_EQ(driver.Result(writable), POLLOUT);
  reader.join();
  CHECK(got == data);
}

TEST_EACH_BACKEND(PollOfFiles) {
  const Fd file = NewFile("text");
  CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, file, nullptr, 0, POLLIN)), POLLIN);
  CHECK_EQ(driver.Result(driver.Submit(opcode::kPoll, file, nullptr, 0, POLLIN | POLLOUT)), POLLIN | POLLOUT);
  Pair pipe = NewPipe();
  const uint32_t hung_up = driver.Submit(opcode::kPoll, pipe.nonblocking, nullptr, 0, POLLIN);
  pipe.blocking.Close();
  CHECK((driver.Result(hung_up) & POLLHUP) != 0);
}

TEST_EACH_BACKEND(PollAfterTheNumberCameBack) {
  // A reader that watches descriptors it does not own: they are closed behind the proactor's back.
  for (int round = 0; round < 200; ++round) {
    Pair pipe = NewPipe();
    const uint32_t readable = driver.Submit(opcode::kPoll, pipe.nonblocking, nullptr, 0, POLLIN);
    if (round % 3 != 0) CHECK(WriteAll(pipe.blocking, "x"));
    if (round % 3 == 1) {
      CHECK_EQ(driver.Result(readable), POLLIN);
    } else {
      const bool cancelled = driver.Result(driver.CancelOperation(readable)) == 1;
      const int32_t result = driver.Result(readable);
      // It may have become ready while it was being cancelled.
      CHECK(result == POLLIN || (cancelled && result == -ECANCELED));
    }
  }
}

}  // namespace
}  // namespace coriolis::test
