"""Results for people: the goals, the tables and the plots."""
