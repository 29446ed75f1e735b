"""Whether workers are fit for a job: what it demands, what they say of themselves, and who may work on it."""
