"""The passes of the compiler, one per file, in the order of ``compile.PASSES``."""
