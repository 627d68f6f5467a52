// Going on with operations whose descriptor became ready.
#include <cerrno>

#include "nonblocking_calls.h"
#include "reactor_core.h"

namespace coriolis {
namespace {

// What one descriptor may do before the others have their turn.
constexpr uint32_t kAcceptsPerTurn = 64;
constexpr uint32_t kReceivesPerTurn = 4;

bool IsReader(uint8_t code) {
  return code == opcode::kAccept || code == opcode::kReceive || code == opcode::kRead;
}
bool IsWriter(uint8_t code) {
  return code == opcode::kConnect || code == opcode::kSend || code == opcode::kWrite;
}

// Errors of the connection that was to be accepted, not of the listening socket: accept(2) says to go on.
bool ConcernsOneConnection(int32_t error) {
  switch (-error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Reactor::Enqueue(int32_t fd) {
  Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
  if (descriptor.queued) return;
  descriptor.queued = true;
  ready_.push(fd);
}

// Runs each descriptor that is ready once, until there are enough completions.
void Reactor::RunReady(size_t completions_max) {
  for (size_t left = ready_.size(); left > 0 && completions_.size() < completions_max; --left) {
    const int32_t fd = ready_.front();
    ready_.pop();
    descriptors_[static_cast<size_t>(fd)].queued = false;
    Run(fd);
  }
}

void Reactor::Run(int32_t fd) {
  const auto index_of_fd = static_cast<size_t>(fd);
  bool ended = true;
  while (ended && descriptors_[index_of_fd].readable) {
    const uint32_t index = FirstReader(fd);
    if (index == kNone) break;
    switch (actives_[index].operation.opcode) {
      case opcode::kAccept:
        ended = RunAccept(index);
        break;
      case opcode::kReceive:
        ended = RunReceive(index);
        break;
      default:
        ended = RunTransfer(index);
        break;
    }
  }
  ended = true;
  while (ended && descriptors_[index_of_fd].writable) {
    const uint32_t index = FirstWriter(fd);
    if (index == kNone) break;
    switch (actives_[index].operation.opcode) {
      case opcode::kConnect:
        ended = RunConnect(index);
        break;
      case opcode::kSend:
        ended = RunSend(index);
        break;
      default:
        ended = RunTransfer(index);
        break;
    }
  }
  if (descriptors_[index_of_fd].readable && FirstReader(fd) != kNone) Enqueue(fd);
}

uint32_t Reactor::FirstReader(int32_t fd) const {
  uint32_t index = descriptors_[static_cast<size_t>(fd)].first;
  while (index != kNone &&
         !(actives_[index].stage == Stage::kWaiting && IsReader(actives_[index].operation.opcode))) {
    index = actives_[index].next;
  }
  return index;
}

uint32_t Reactor::FirstWriter(int32_t fd) const {
  uint32_t index = descriptors_[static_cast<size_t>(fd)].first;
  while (index != kNone &&
         !(actives_[index].stage == Stage::kWaiting && IsWriter(actives_[index].operation.opcode))) {
    index = actives_[index].next;
  }
  return index;
}

bool Reactor::RunAccept(uint32_t index) {
  const Operation operation = actives_[index].operation;
  for (uint32_t i = 0; i < kAcceptsPerTurn; ++i) {
    const int32_t result = AcceptConnection(operation.fd);
    if (result >= 0) {
      AdoptConnection(result);
      Push(operation, result, flag::kMore, true);
    } else if (result == -EAGAIN) {
      descriptors_[static_cast<size_t>(operation.fd)].readable = false;
      return false;
    } else if (!ConcernsOneConnection(result)) {
      Finish(index, result);
      if (descriptors_[static_cast<size_t>(operation.fd)].first == kNone) Disarm(operation.fd);
      return true;
    }
  }
  return false;
}

bool Reactor::RunReceive(uint32_t index) {
  const Operation operation = actives_[index].operation;
  Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
  for (uint32_t i = 0; i < kReceivesPerTurn; ++i) {
    uint8_t* memory;
    uint32_t space;
    if (!pool_.Space(&memory, &space)) {
      // The data and the readiness stay, for the kReceive that follows when buffers have come back.
      Finish(index, -ENOBUFS);
      return true;
    }
    const int32_t count = Receive(operation.fd, memory, space);
    if (count > 0) {
      Push(operation, count, flag::kMore | pool_.Fill(static_cast<uint32_t>(count)));
      if (static_cast<uint32_t>(count) < space && !descriptor.ending) {
        descriptor.readable = false;
        return false;
      }
    } else if (count == -EAGAIN) {
      descriptor.readable = false;
      return false;
    } else {
      Finish(index, count);
      if (descriptor.first == kNone) Disarm(operation.fd);
      return true;
    }
  }
  return false;
}

bool Reactor::RunSend(uint32_t index) {
  Active& active = actives_[index];
  const Operation& operation = active.operation;
  const int32_t sent = Send(operation.fd, operation.data + active.done, operation.length - active.done);
  if (sent < 0 && sent != -EAGAIN) {
    Finish(index, sent);
    return true;
  }
  if (sent > 0) active.done += static_cast<uint32_t>(sent);
  if (active.done == operation.length) {
    Finish(index, static_cast<int32_t>(active.done));
    return true;
  }
  descriptors_[static_cast<size_t>(operation.fd)].writable = false;
  return false;
}

bool Reactor::RunConnect(uint32_t index) {
  const int32_t fd = actives_[index].operation.fd;
  const int32_t result = ConnectResult(fd);
  Finish(index, result);
  descriptors_[static_cast<size_t>(fd)].owned = result == 0;
  return true;
}

// kRead or kWrite of something that knows readiness.
bool Reactor::RunTransfer(uint32_t index) {
  const Operation& operation = actives_[index].operation;
  const bool is_read = operation.opcode == opcode::kRead;
  int32_t count = is_read ? ReadNow(operation.fd, operation.data, operation.length, operation.argument)
                          : WriteNow(operation.fd, operation.data, operation.length, operation.argument);
  if (count == -EOPNOTSUPP || count == -ENOSYS) {
    count = is_read ? ReadIfReady(operation.fd, operation.data, operation.length, operation.argument)
                    : WriteIfReady(operation.fd, operation.data, operation.length, operation.argument);
  }
  if (count == -EAGAIN) {
    Descriptor& descriptor = descriptors_[static_cast<size_t>(operation.fd)];
    (is_read ? descriptor.readable : descriptor.writable) = false;
    return false;
  }
  Finish(index, count);
  return true;
}

// A number that accept returned is a new descriptor, whatever was known about it. Operations that are still
// there name a file that was closed without kClose.
void Reactor::AdoptConnection(int32_t fd) {
  Grow(fd);
  Descriptor& descriptor = descriptors_[static_cast<size_t>(fd)];
  while (descriptor.first != kNone && actives_[descriptor.first].stage == Stage::kWaiting) {
    Finish(descriptor.first, -EBADF);
  }
  if (descriptor.interest != 0) {
    // The selector forgot it when the file was closed.
    descriptor.interest = 0;
    --registered_;
  }
  ++descriptor.generation;
  descriptor.owned = true;
  descriptor.readable = descriptor.writable = descriptor.ending = false;
}

void Reactor::CompletePolls(int32_t fd, uint32_t events) {
  uint32_t index = descriptors_[static_cast<size_t>(fd)].first;
  while (index != kNone) {
    const Active& active = actives_[index];
    const uint32_t next = active.next;
    if (active.operation.opcode == opcode::kPoll) {
      const uint32_t asked = static_cast<uint32_t>(active.operation.argument) & readiness::kInterests;
      const uint32_t there = events & (asked | readiness::kError | readiness::kHangup);
      if (there != 0) Finish(index, static_cast<int32_t>(there));
    }
    index = next;
  }
}

}  // namespace coriolis
