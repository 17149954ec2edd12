"""What the cage forbids, refused inside the interpreter too, and told by name."""

NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.sendmsg")
PROCESSES = (
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.exec",
    "os.system",
    "subprocess.Popen",
    "pty.spawn",
)
ERRNO_LIMITS = {27: "file_size", 24: "descriptors", 23: "descriptors"}


class Refusal(PermissionError):
    """The project tried what the cage forbids."""

    def __init__(self, limit, event):
        super().__init__(1, f"the cage refuses {event}")
        self.limit = limit


def watch(event, arguments):
    if event in NETWORK:
        raise Refusal("network", event)
    if event in PROCESSES:
        raise Refusal("processes", event)


def limit_of(error):
    """Which limit stopped the project, walking the chain of causes; None for an ordinary failure."""
    for _ in range(20):
        if error is None:
            return None
        if isinstance(error, MemoryError):
            return "memory"
        if isinstance(error, Refusal):
            return error.limit
        if isinstance(error, OSError) and error.errno in ERRNO_LIMITS:
            return ERRNO_LIMITS[error.errno]
        error = error.__cause__ or error.__context__
    return None
