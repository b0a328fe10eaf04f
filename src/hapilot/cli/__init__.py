"""The commands, one file per verb: parse, call a stage or the loop, print, exit code."""
