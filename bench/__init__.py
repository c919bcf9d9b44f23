"""The measured claims of the README: `make bench` prints them, side by side with a peer in one run."""
