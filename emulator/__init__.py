"""AWS on this machine: ministack as a child process, with patches and faults."""
