"""What the panel needs beyond Better Auth's admin plugin: lists, exports, the log, the status."""
