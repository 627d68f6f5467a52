// Taking operations: each is tried at once where that can succeed, and kept otherwise.
#include <sys/socket.h>

#include <cerrno>
#include <ctime>

#include "nonblocking_calls.h"
#include "reactor_core.h"

namespace coriolis {
namespace {

uint64_t DeadlineNs(uint64_t delay_ns) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t now_ns = static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
  // The last representable instant means never.
  return delay_ns < UINT64_MAX - 1 - now_ns ? now_ns + delay_ns : UINT64_MAX - 1;
}

}  // namespace

void Reactor::Start(const Operation& operation) {
  switch (operation.opcode) {
    case opcode::kTimeout:
      timers_.Add(DeadlineNs(operation.argument), Keep(operation, Stage::kTimer));
      return;
    case opcode::kCancel:
    case opcode::kCancelAll:
      return StartCancel(operation);
    default:
      break;
  }
  if (!Reach(operation.fd)) return Push(operation, -EBADF, 0);
  switch (operation.opcode) {
    case opcode::kAccept:
    case opcode::kReceive:
      return StartStream(operation);
    case opcode::kConnect:
      return StartConnect(operation);
    case opcode::kSend:
      return StartSend(operation);
    case opcode::kShutdown:
      return Push(operation, shutdown(operation.fd, static_cast<int>(operation.argument)) < 0 ? -errno : 0,
                  0);
    case opcode::kClose:
      return StartClose(operation);
    case opcode::kRead:
    case opcode::kWrite:
      return StartTransfer(operation);
    case opcode::kPoll:
      return StartPoll(operation);
    default:
      return Push(operation, -EINVAL, 0);
  }
}

void Reactor::StartConnect(const Operation& operation) {
  Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
  // A socket that connects is new: what is known about its number was said of another one.
  if (descriptor.first == kNone) Disarm(operation.fd);
  const int32_t result = Connect(operation.fd, operation.data, operation.length);
  if (result == -EINPROGRESS) {
    descriptor.writable = false;
    return Wait(operation, readiness::kOut, 0);
  }
  descriptor.owned = result == 0;
  Push(operation, result, 0);
}

// kAccept and kReceive: both go on until they are cancelled or fail, so the registration comes first.
void Reactor::StartStream(const Operation& operation) {
  Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
  if (operation.opcode == opcode::kAccept) {
    const int32_t mode = MakeNonBlocking(operation.fd);
    if (mode < 0) return Push(operation, mode, 0);
  }
  const bool known = descriptor.owned && operation.opcode == opcode::kReceive;
  const int32_t armed = Arm(operation.fd, readiness::kIn, !known && descriptor.first == kNone);
  if (armed < 0) return Push(operation, armed == -EPERM ? -ENOTSOCK : armed, 0);
  Keep(operation, Stage::kWaiting);
  descriptor.owned = true;
  // A connection's data announce themselves. Whether anything else is a socket at all, only the call can
  // tell.
  if (!known) descriptor.readable = true;
  if (descriptor.readable) Enqueue(operation.fd);
}

void Reactor::StartSend(const Operation& operation) {
  uint32_t done = 0;
  if (FirstWriter(operation.fd) == kNone) {
    const int32_t sent = Send(operation.fd, operation.data, operation.length);
    if (sent >= 0 ? static_cast<uint32_t>(sent) == operation.length : sent != -EAGAIN) {
      return Push(operation, sent, 0);
    }
    if (sent > 0) done = static_cast<uint32_t>(sent);
    descriptors_[static_cast<size_t>(operation.fd)].writable = false;
  }
  Wait(operation, readiness::kOut, done);
}

// kRead and kWrite.
void Reactor::StartTransfer(const Operation& operation) {
  const bool is_read = operation.opcode == opcode::kRead;
  uint32_t done = 0;
  if ((is_read ? FirstReader(operation.fd) : FirstWriter(operation.fd)) == kNone) {
    for (;;) {
      const uint64_t offset =
          operation.argument == kCurrentPosition ? kCurrentPosition : operation.argument + done;
      uint8_t* const data = operation.data + done;
      const uint32_t length = operation.length - done;
      const int32_t count = is_read ? ReadNow(operation.fd, data, length, offset)
                                    : WriteNow(operation.fd, data, length, offset);
      if (count == -EAGAIN || count == -EOPNOTSUPP || count == -ENOSYS) break;
      if (count < 0) return Push(operation, done > 0 ? static_cast<int32_t>(done) : count, 0);
      done += static_cast<uint32_t>(count);
      // At an offset there is a regular file, which yields less than it was asked for also where the page
      // cache has a gap; a stream gives what it has.
      if (count == 0 || done == operation.length || operation.argument == kCurrentPosition ||
          descriptors_[static_cast<size_t>(operation.fd)].interest != 0) {
        return Push(operation, static_cast<int32_t>(done), 0);
      }
    }
    Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
    (is_read ? descriptor.readable : descriptor.writable) = false;
  }
  Wait(operation, is_read ? readiness::kIn : readiness::kOut, done);
}

void Reactor::StartFileJob(const Operation& operation, uint32_t done) {
  const uint32_t index = Keep(operation, Stage::kFile);
  actives_[index].done = done;
  const uint64_t offset =
      operation.argument == kCurrentPosition ? kCurrentPosition : operation.argument + done;
  const int32_t started = workers_.Start({index, operation.fd, operation.opcode == opcode::kWrite,
                                          operation.data + done, operation.length - done, offset});
  if (started < 0) return Finish(index, started);
  ++file_jobs_;
}

void Reactor::StartPoll(const Operation& operation) {
  const uint32_t interest = static_cast<uint32_t>(operation.argument) & readiness::kInterests;
  if (interest == 0) return Push(operation, -EINVAL, 0);
  // Asking again reports what is there already: a poll is about the level.
  const int32_t armed = Arm(operation.fd, interest, true);
  if (armed == -EPERM) return Push(operation, static_cast<int32_t>(interest & ~readiness::kPriority), 0);
  if (armed < 0) return Push(operation, armed, 0);
  Keep(operation, Stage::kWaiting);
}

// Keeps an operation that has to wait, or hands it to the file workers when its file knows no readiness.
void Reactor::Wait(const Operation& operation, uint32_t interest, uint32_t done) {
  const Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
  const int32_t armed = Arm(operation.fd, interest, descriptor.first == kNone && !descriptor.owned);
  if (armed == -EPERM && (operation.opcode == opcode::kRead || operation.opcode == opcode::kWrite)) {
    return StartFileJob(operation, done);
  }
  // A stream that was read at an offset after all: what it gave is the result.
  const bool has_part = done > 0 && operation.opcode != opcode::kSend;
  if (armed < 0 || has_part) return Push(operation, done > 0 ? static_cast<int32_t>(done) : armed, 0);
  actives_[Keep(operation, Stage::kWaiting)].done = done;
}

// Adds to the interests of a descriptor. `ask_again`: goes to the kernel even if that has them all, which
// proves that the registration is there and reports the present state.
int32_t Reactor::Arm(int32_t fd, uint32_t interest, bool ask_again) {
  Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
  // Interests of earlier operations would only cause wake-ups for nobody; a connection's come back all the
  // time.
  const bool keeps = descriptor.first != kNone || descriptor.owned;
  const uint32_t wanted = keeps ? descriptor.interest | interest : interest;
  if (wanted == descriptor.interest && !ask_again) return 0;
  const uint64_t token = static_cast<uint64_t>(descriptor.generation) << 32 | static_cast<uint32_t>(fd);
  int32_t result;
  if (descriptor.interest != 0) {
    result = selector_->Modify(fd, wanted, token);
    if (result == -ENOENT) result = selector_->Add(fd, wanted, token);
    --registered_;
  } else {
    result = selector_->Add(fd, wanted, token);
    if (result == -EEXIST) result = selector_->Modify(fd, wanted, token);
  }
  descriptor.interest = result == 0 ? wanted : 0;
  if (result == 0) ++registered_;
  return result;
}

// Forgets everything about a descriptor but the operations on it.
void Reactor::Disarm(int32_t fd) {
  Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
  if (descriptor.interest != 0) {
    selector_->Remove(fd);
    descriptor.interest = 0;
    --registered_;
  }
  ++descriptor.generation;
  descriptor.owned = descriptor.readable = descriptor.writable = descriptor.ending = false;
}

}  // namespace coriolis
