"""Runs a command under a seccomp filter that refuses io_uring_setup, as container runtimes do by default.

    python3 refuse_io_uring.py ERRNO COMMAND [ARG ...]
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
IO_URING_SETUP = 425  # the same number on every architecture
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000


def main():
    errno, command = int(sys.argv[1]), sys.argv[2:]
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in [
            (LOAD_WORD, 0, 0, 0),  # the system call's number
            (JUMP_IF_EQUAL, 0, 1, IO_URING_SETUP),
            (RETURN, 0, 0, RET_ERRNO | errno),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    )
    code = ctypes.create_string_buffer(program)

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    filter_program = Filter(len(program) // 8, ctypes.addressof(code))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("prctl(PR_SET_NO_NEW_PRIVS) failed")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_program), 0, 0) != 0:
        sys.exit("prctl(PR_SET_SECCOMP) failed")
    os.execvp(command[0], command)


main()
