/** The channel was used through an end that has been closed: a bug in the program, or a race with its shutdown. */
export class ClosedResourceError extends Error {
  override readonly name = 'ClosedResourceError';
  readonly code = 'ERR_CLOSED_RESOURCE';

  constructor(message = 'this end of the channel is closed') {
    super(message);
  }
}

/** A value cannot be sent because every receiving end has been closed. */
export class BrokenResourceError extends Error {
  override readonly name = 'BrokenResourceError';
  readonly code = 'ERR_BROKEN_RESOURCE';

  constructor(message = 'all receiving ends of the channel are closed') {
    super(message);
  }
}

/** Nothing is left to receive and every sending end has been closed. `for await` ends here without an error. */
export class EndOfChannel extends Error {
  override readonly name = 'EndOfChannel';
  readonly code = 'ERR_END_OF_CHANNEL';

  constructor(message = 'all sending ends of the channel are closed') {
    super(message);
  }
}

/** `sendNowait` or `receiveNowait` would have had to wait. */
export class WouldBlock extends Error {
  override readonly name = 'WouldBlock';
  readonly code = 'ERR_WOULD_BLOCK';

  constructor(message = 'the channel cannot take or give a value at once') {
    super(message);
  }
}
