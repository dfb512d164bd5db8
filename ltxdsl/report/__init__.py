"""Plans and graphs, for people."""
