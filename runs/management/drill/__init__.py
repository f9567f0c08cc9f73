"""The fault drill: many short runs on real workers, servers and browsers, while everything that can die does."""
