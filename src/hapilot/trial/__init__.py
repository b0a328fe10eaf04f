"""A site tried out in private: its real HAProxy on loopback, a stand-in for every server, and every expectation made for real."""
