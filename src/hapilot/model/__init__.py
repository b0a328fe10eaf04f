"""The site as data: the site file's contract as pydantic models, and the Site that flows through every stage. Pure."""
