"""The lab's servers, each tried with a client that nobody here wrote, and the accuracy of the whole."""
