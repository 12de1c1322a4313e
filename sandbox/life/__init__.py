"""What happens: the store, in which a change has its consequences, and random changes for tests."""
