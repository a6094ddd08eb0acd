"""One database, several processes on several hosts."""
