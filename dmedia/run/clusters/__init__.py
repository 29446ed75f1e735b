"""Where a job runs: clusters of this process, made of a file, running elsewhere, or of a program's own client."""
