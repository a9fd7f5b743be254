"""HTTP and browsers: requests in, answers out, and the walls between. Decides nothing."""
