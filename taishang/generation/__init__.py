"""From a front-end export and its chat log to a runnable, verified back end."""

# Part of a job's identity: raised when equal input may give other output.
CORE_VERSION = "1"
