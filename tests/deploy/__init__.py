"""Tests of what stands around Rowcast where it is used: the files that docs/deployment.md gives, run as they are."""
