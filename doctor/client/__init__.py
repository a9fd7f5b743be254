"""How the doctor talks to a server: a simulated browser, its cookies, and a throw-away account."""
