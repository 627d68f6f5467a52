// The reactor's parts by themselves.
#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "../../native/proactor/file_workers.h"
#include "../../native/proactor/receive_pool.h"
#include "../../native/proactor/ring_buffer.h"
#include "../../native/proactor/timer_heap.h"
#include "../../native/selector/epoll.h"
#include "check.h"
#include "driver.h"
#include "sockets.h"

namespace coriolis::test {
namespace {

TEST(RingBufferKeepsOrder) {
  RingBuffer<int> ring;
  int pushed = 0, popped = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 20 + round; ++i) ring.push(pushed++);
    for (int i = 0; i < 20; ++i) {
      CHECK_EQ(ring.front(), popped++);
      ring.pop();
    }
    CHECK_EQ(ring.size(), static_cast<size_t>(pushed - popped));
    if (!ring.empty()) CHECK_EQ(ring[ring.size() - 1], pushed - 1);
  }
}

TEST(TimerHeapSorts) {
  TimerHeap heap;
  std::vector<std::pair<uint64_t, uint32_t>> expected;
  for (uint32_t id = 0; id < 1000; ++id) {
    const uint64_t deadline = id * 7919 % 97;
    heap.Add(deadline, id);
    if (id % 3 != 0) expected.push_back({deadline, id});
  }
  for (uint32_t id = 0; id < 1000; id += 3) heap.Remove(id);
  std::stable_sort(expected.begin(), expected.end(), [](auto a, auto b) { return a.first < b.first; });
  for (const auto& [deadline, id] : expected) {
    REQUIRE(!heap.empty());
    CHECK_EQ(heap.EarliestNs(), deadline);
    CHECK_EQ(heap.EarliestId(), id);
    heap.Remove(heap.EarliestId());
  }
  CHECK(heap.empty());
  CHECK_EQ(heap.EarliestNs(), UINT64_MAX);
}

TEST(ReceivePoolSharesBuffers) {
  std::vector<uint8_t> slab(layout::kPoolSlabBuffers * layout::kPoolBufferBytes);
  ReceivePool pool;
  uint8_t* memory = nullptr;
  uint32_t space = 0;
  CHECK(!pool.Space(&memory, &space));
  CHECK_EQ(pool.AddSlab(1, slab.data()), -EINVAL);
  CHECK_EQ(pool.AddSlab(0, slab.data()), 0);
  REQUIRE(pool.Space(&memory, &space));
  CHECK_EQ(space, layout::kPoolBufferBytes);
  CHECK_EQ(pool.Fill(100), flag::kBuffer | flag::kBufferMore);
  uint8_t* more = nullptr;
  REQUIRE(pool.Space(&more, &space));
  CHECK(more == memory + 100);
  // What is left would split the next small message.
  CHECK_EQ(pool.Fill(space - 2047), flag::kBuffer);
  REQUIRE(pool.Space(&more, &space));
  CHECK(more == memory + layout::kPoolBufferBytes);
  // Buffers that are free, being filled, or none at all can't be returned; the last one returned is the next
  // to serve.
  pool.Return(1);
  pool.Return(5);
  pool.Return(5000);
  CHECK_EQ(pool.Fill(space) >> 16, 1);
  pool.Return(0);
  pool.Return(0);
  REQUIRE(pool.Space(&more, &space));
  CHECK(more == memory);
  for (uint32_t taken = 0; taken < layout::kPoolSlabBuffers - 1; ++taken) {
    REQUIRE(pool.Space(&more, &space));
    pool.Fill(space);
  }
  CHECK(!pool.Space(&more, &space));
}

TEST(SelectorReportsEdges) {
  OpenFailure failure;
  const std::unique_ptr<Selector> selector = OpenEpoll(&failure);
  REQUIRE(selector != nullptr);
  ReadyEvent events[8];
  Pair pipe = NewPipe();
  CHECK_EQ(selector->Add(pipe.nonblocking, readiness::kIn, 77), 0);
  CHECK_EQ(selector->Add(pipe.nonblocking, readiness::kIn, 77), -EEXIST);
  CHECK_EQ(selector->Wait(events, 8, 0), 0);
  CHECK(WriteAll(pipe.blocking, "x"));
  CHECK_EQ(selector->Wait(events, 8, 1000), 1);
  CHECK_EQ(events[0].token, 77);
  CHECK_EQ(events[0].events, readiness::kIn);
  CHECK_EQ(selector->Wait(events, 8, 0), 0);
  // Modify asks again.
  CHECK_EQ(selector->Modify(pipe.nonblocking, readiness::kIn, 78), 0);
  CHECK_EQ(selector->Wait(events, 8, 0), 1);
  CHECK_EQ(events[0].token, 78);
  CHECK_EQ(selector->Remove(pipe.nonblocking), 0);
  CHECK_EQ(selector->Remove(pipe.nonblocking), -ENOENT);
  CHECK_EQ(selector->Modify(pipe.nonblocking, readiness::kIn, 78), -ENOENT);
  const Fd file = NewFile("");
  CHECK_EQ(selector->Add(file, readiness::kIn, 1), -EPERM);
}

TEST(SelectorTimerAndNotifications) {
  OpenFailure failure;
  const std::unique_ptr<Selector> selector = OpenEpoll(&failure);
  REQUIRE(selector != nullptr);
  ReadyEvent events[8];
  for (int round = 0; round < 3; ++round) {
    const uint64_t deadline_ns = NowNs() + 2000000;
    selector->SetTimer(deadline_ns);
    CHECK_EQ(selector->Wait(events, 8, 10000), 1);
    CHECK(NowNs() >= deadline_ns);
    CHECK_EQ(events[0].token, Selector::kTimerToken);
    CHECK_EQ(selector->Wait(events, 8, 0), 0);
    std::thread other([&] { selector->Notify(); });
    CHECK_EQ(selector->Wait(events, 8, 10000), 1);
    CHECK_EQ(events[0].token, Selector::kNotifyToken);
    other.join();
    CHECK_EQ(selector->Wait(events, 8, 0), 0);
  }
  selector->SetTimer(NowNs() + 2000000);
  selector->SetTimer(UINT64_MAX);
  CHECK_EQ(selector->Wait(events, 8, 10), 0);
  selector->SetTimer(0);
  CHECK_EQ(selector->Wait(events, 8, 10000), 1);
}

TEST(FileWorkersReadWriteAndWithdraw) {
  OpenFailure failure;
  const std::unique_ptr<Selector> selector = OpenEpoll(&failure);
  REQUIRE(selector != nullptr);
  FileWorkers workers(selector.get());
  std::string content = Pattern(9, 200000);
  const Fd file = NewFile("");
  auto* data = reinterpret_cast<uint8_t*>(&content[0]);
  std::vector<FileResult> results;
  ReadyEvent events[8];
  for (uint32_t id = 0; id < 100; ++id) {
    CHECK_EQ(workers.Start({id, file, true, data + id * 2000, 2000, id * 2000}), 0);
  }
  size_t withdrawn = 0;
  for (uint32_t id = 50; id < 100; ++id) withdrawn += workers.Withdraw(id) ? 1 : 0;
  CHECK(!workers.Withdraw(1000));
  size_t finished = 0;
  while (finished + withdrawn < 100) {
    workers.NotifyNextResult();
    if (!workers.HasResults()) CHECK(selector->Wait(events, 8, 10000) == 1);
    workers.TakeResults(&results);
    for (const FileResult& result : results) {
      CHECK_EQ(result.result, 2000);
      ++finished;
    }
  }
  CHECK_EQ(finished + withdrawn, 100);
  std::string got(100000, '\0');
  CHECK_EQ(pread(file, &got[0], got.size(), 0), got.size());
  CHECK(got == content.substr(0, got.size()));
}

}  // namespace
}  // namespace coriolis::test
