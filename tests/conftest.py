pytest_plugins = ["tests.rig.plugin", "tests.rig.fixtures", "tests.inside", "tests.letterbox"]
