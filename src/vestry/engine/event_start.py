"""How an event begins on the pipe from a worker process."""

EVENT_START = "\x1e"
"""Before each event (RFC 7464): what else is found on the pipe is none, whatever it says, and where
it does not end its line it costs no event."""
