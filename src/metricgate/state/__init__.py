"""Ports of everything that is kept, each as small as its need, and the values that go through them."""
