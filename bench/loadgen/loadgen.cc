// coriolis_loadgen: the native half of the benchmarks. A load generator in JavaScript would be slower than
// the servers it measures.
//
//   coriolis_loadgen --port N [--host A] [--conns N] [--size BYTES] [--seconds S] [--warmup S]
//                    [--connect-timeout S] [--server-pid PID]
//   coriolis_loadgen --timerfd MICROSECONDS [--count N]
//
// One JSON object on stdout. Exit status: 0 done, 1 some requests failed (the object says why), 2 bad usage
// or nothing could be measured.

#include <getopt.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "clocks.h"
#include "echo_load.h"
#include "timerfd_probe.h"

namespace coriolis::loadgen {
namespace {

constexpr int kExitFailedRequests = 1;
constexpr int kExitUsage = 2;

constexpr char kUsage[] =
    "usage: coriolis_loadgen --port N [options]          closed-loop TCP echo load on a loopback address\n"
    "       coriolis_loadgen --timerfd MICROSECONDS      overshoot of a bare timerfd\n"
    "  --host ADDRESS         127.0.0.0/8 or ::1 (default 127.0.0.1)\n"
    "  --conns N              connections, one request under way on each (default 64)\n"
    "  --size BYTES           bytes per message (default 1024)\n"
    "  --seconds S            length of the measured window (default 1)\n"
    "  --warmup S             load before the window (default 0.25)\n"
    "  --connect-timeout S    how long to wait until the server listens (default 5)\n"
    "  --server-pid PID       measure the processor time of this process in the window\n"
    "  --count N              how many timerfd sleeps (default 300)\n";

enum Option : int {
  kHost = 1,
  kPort,
  kConns,
  kSize,
  kSeconds,
  kWarmup,
  kConnectTimeout,
  kServerPid,
  kTimerfd,
  kCount,
  kHelp,
};

const option kOptions[] = {
    {"host", required_argument, nullptr, kHost},
    {"port", required_argument, nullptr, kPort},
    {"conns", required_argument, nullptr, kConns},
    {"size", required_argument, nullptr, kSize},
    {"seconds", required_argument, nullptr, kSeconds},
    {"warmup", required_argument, nullptr, kWarmup},
    {"connect-timeout", required_argument, nullptr, kConnectTimeout},
    {"server-pid", required_argument, nullptr, kServerPid},
    {"timerfd", required_argument, nullptr, kTimerfd},
    {"count", required_argument, nullptr, kCount},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

int BadUsage(const char* message) {
  std::fprintf(stderr, "loadgen: %s\n%s", message, kUsage);
  return kExitUsage;
}

bool ParseNumber(const char* text, double low, double high, double* value) {
  char* end = nullptr;
  errno = 0;
  *value = std::strtod(text, &end);
  return end != text && *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

bool ParseWhole(const char* text, double low, double high, double* value) {
  return ParseNumber(text, low, high, value) && std::floor(*value) == *value;
}

uint64_t SecondsToNanos(double seconds) {
  return static_cast<uint64_t>(seconds * kNanosPerSecond);
}

int Main(int argc, char** argv) {
  EchoOptions echo;
  double timerfdMicros = 0;
  double count = 300;
  double value = 0;
  for (;;) {
    const int option = getopt_long(argc, argv, "", kOptions, nullptr);
    if (option == -1) break;
    switch (option) {
      case kHost:
        echo.host = optarg;
        break;
      case kPort:
        if (!ParseWhole(optarg, 1, 65535, &value)) return BadUsage("--port: 1 to 65535");
        echo.port = static_cast<uint16_t>(value);
        break;
      case kConns:
        if (!ParseWhole(optarg, 1, 100000, &value)) return BadUsage("--conns: 1 to 100000");
        echo.connections = static_cast<uint32_t>(value);
        break;
      case kSize:
        if (!ParseWhole(optarg, 1, 1 << 28, &value)) return BadUsage("--size: 1 to 268435456");
        echo.messageBytes = static_cast<size_t>(value);
        break;
      case kSeconds:
        if (!ParseNumber(optarg, 0.01, 3600, &value)) return BadUsage("--seconds: 0.01 to 3600");
        echo.measuredNanos = SecondsToNanos(value);
        break;
      case kWarmup:
        if (!ParseNumber(optarg, 0, 3600, &value)) return BadUsage("--warmup: 0 to 3600");
        echo.warmupNanos = SecondsToNanos(value);
        break;
      case kConnectTimeout:
        if (!ParseNumber(optarg, 0, 600, &value)) return BadUsage("--connect-timeout: 0 to 600");
        echo.connectTimeoutNanos = SecondsToNanos(value);
        break;
      case kServerPid:
        if (!ParseWhole(optarg, 1, 1 << 30, &value)) return BadUsage("--server-pid: a process id");
        echo.serverPid = static_cast<pid_t>(value);
        break;
      case kTimerfd:
        if (!ParseNumber(optarg, 1, 1e9, &timerfdMicros)) return BadUsage("--timerfd: 1 to 1000000000");
        break;
      case kCount:
        if (!ParseWhole(optarg, 1, 1e6, &count)) return BadUsage("--count: 1 to 1000000");
        break;
      case kHelp:
        std::fputs(kUsage, stdout);
        return 0;
      default:
        std::fputs(kUsage, stderr);
        return kExitUsage;
    }
  }
  if (optind < argc) return BadUsage("unexpected argument");
  if (timerfdMicros > 0) {
    const bool probed =
        ProbeTimerfd(static_cast<uint64_t>(timerfdMicros * 1000), static_cast<uint32_t>(count));
    return probed ? 0 : kExitUsage;
  }
  if (echo.port == 0) return BadUsage("--port or --timerfd is required");

  EchoLoad load(echo);
  if (!load.Connect()) return kExitUsage;
  load.Run();
  load.Print();
  return load.failed() ? kExitFailedRequests : 0;
}

}  // namespace
}  // namespace coriolis::loadgen

int main(int argc, char** argv) {
  return coriolis::loadgen::Main(argc, argv);
}
