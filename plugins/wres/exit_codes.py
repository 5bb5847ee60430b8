"""Exit codes of ``wres``, as the README lists them."""

OK, REJECTED, WRONG_USE, BLOCKED, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130
