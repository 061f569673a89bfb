"""The losses, one family a file. A file whose name begins with _ holds what families share."""
