"""The only place where a foreign database is opened: in a child process of its own, which knows no Django."""
