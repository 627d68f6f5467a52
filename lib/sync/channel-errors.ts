/** The channel was used through an end that has been closed: a bug in the program, or a race with its shutdown. */
export class ClosedResourceError extends Error {
  override name = 'ClosedResourceError';
  constructor(message = 'this end of the channel is closed') {
    super(message);
  }
}

/** A value cannot be sent because every receiving end has been closed. */
export class BrokenResourceError extends Error {
  override name = 'BrokenResourceError';
  constructor(message = 'all receiving ends of the channel are closed') {
    super(message);
  }
}

/** Nothing is left to receive and every sending end has been closed. `for await` ends here without an error. */
export class EndOfChannel extends Error {
  override name = 'EndOfChannel';
  constructor(message = 'all sending ends of the channel are closed') {
    super(message);
  }
}

/** `sendNowait` or `receiveNowait` would have had to wait. */
export class WouldBlock extends Error {
  override name = 'WouldBlock';
  constructor(message = 'the channel cannot take or give a value at once') {
    super(message);
  }
}
