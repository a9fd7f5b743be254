"""Is the server up, and is it ready?"""
