"""A user's own firmware in the loop: the C ABI, the worker process that runs a library, and what watches over it."""
