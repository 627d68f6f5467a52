# The core's sources: the one list that binding.gyp and CMakeLists.txt build from. One quoted path a line.
{
  'variables': {
    'coriolis_sources': [
      'native/addon.cc',
      'native/host/backends.cc',
      'native/host/core.cc',
      'native/host/descriptors.cc',
      'native/host/dispatch_callback.cc',
      'native/host/host.cc',
      'native/host/regions.cc',
      'native/host/socket_address.cc',
      'native/host/socket_calls.cc',
      'native/host/system_error.cc',
      'native/proactor/file_workers.cc',
      'native/proactor/io_uring.cc',
      'native/proactor/io_uring_buffers.cc',
      'native/proactor/io_uring_probe.cc',
      'native/proactor/io_uring_records.cc',
      'native/proactor/io_uring_ring.cc',
      'native/proactor/nonblocking_calls.cc',
      'native/proactor/reactor.cc',
      'native/proactor/reactor_cancel.cc',
      'native/proactor/reactor_run.cc',
      'native/proactor/reactor_start.cc',
      'native/selector/epoll.cc',
    ],
  },
}
