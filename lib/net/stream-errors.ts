/** The stream has been closed on this side, by `close()`, `abort()` or its handler's end. */
export function streamClosed(action: string): Error {
  return coded('ERR_STREAM_DESTROYED', `Cannot ${action} after the stream was closed`);
}

export function isStreamClosed(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_DESTROYED';
}

/** `write()` after `end()`. */
export function writeAfterEnd(): Error {
  return coded('ERR_STREAM_WRITE_AFTER_END', 'write after end');
}

/** A second read while one is waiting: which of the two should get the data? */
export function concurrentRead(): Error {
  return coded('ERR_CONCURRENT_READ', 'another read is already waiting for data on this stream');
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
