"""Every word the panel says: one module for each page, and `common` for what they share."""
