"""Tests of how an open page stays true."""
