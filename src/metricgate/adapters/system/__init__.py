"""What this machine gives a process: clocks, memory, file descriptors."""
