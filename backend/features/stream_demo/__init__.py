"""Does a stream arrive as it is sent?"""
