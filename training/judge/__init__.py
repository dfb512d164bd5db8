"""Measures of what is in a clip, from pixels and samples alone; validated on real clips of the world."""
