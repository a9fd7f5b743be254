"""The Tester's journeys: the steps, and what runs them."""
