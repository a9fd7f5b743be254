"""The panel's API beyond Better Auth's admin plugin: lists, exports, log, status."""
