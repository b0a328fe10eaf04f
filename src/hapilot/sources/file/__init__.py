"""The site file: YAML files, and the certificates, keys and passwords they name, to one Site.

``load.load_site`` is the way in; it is the order of the other modules:
folder (reading, by yaml and variables) - merge - anchor - validate - hapilot.model.expand - certificates, secrets, contents.
"""
