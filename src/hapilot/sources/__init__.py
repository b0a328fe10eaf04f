"""Where sites come from. Each folder turns one outside world into a :class:`hapilot.model.site.Site`; none knows another."""
