"""What other systems need to run a site: a site and what is around it to files, one module for each target.

``podman.export`` is the way in for podman: ``container`` decides how the site runs in a container, ``command`` and ``quadlet`` say it in
podman's two languages, ``reach`` says what the container would lack. Pure: ``reconcile.surroundings`` has looked at the machine.
"""
