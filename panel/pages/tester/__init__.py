"""Tester: sends any request, and shows what came back."""
