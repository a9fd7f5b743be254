from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.rig.plugin",
    "tests.rig.fixtures",
    "tests.in_process",
    "tests.mailbox",
    "tests.openid",
]

# How fast examples come says how busy the machine is, and nothing about what they try.
settings.register_profile("gatehouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gatehouse")
