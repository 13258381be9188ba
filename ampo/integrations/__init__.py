"""The verifier where other people's tools call it: files, HTTP, trainers and harnesses. A small module each.

All of a process share one pool of workers (`ampo.verify.shared_pool`). A module is named after the tool that it
serves and imports that tool itself; this one imports nothing.
"""
