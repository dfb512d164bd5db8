"""The torch runtime: everything that imports torch. This file imports nothing, so that naming the package is free."""
