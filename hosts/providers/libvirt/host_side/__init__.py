"""The part of Ferry that runs on a KVM host: sent whole over the channel, kept in memory, gone when its work is done.

Only the standard library, and only what Python 3.7 knows: the hosts' Python is not ours to choose. The modules import
each other relatively, because on a host they have no parent packages. Nothing is installed there; what a job keeps
(records of its works, its fence) lies under one private folder.
"""
