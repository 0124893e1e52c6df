"""Tests against a real ``rowcast serve``."""
