"""Answers of `ltx check` that still hold, kept on disk.

An answer is kept with marks of everything that was looked at to find it: the script, what it reads, the settings, and
files that were looked for and not there. It holds while all marks are the same. Nothing here imports more than Python
does when it starts, so that an unchanged script costs little more than that.
"""
