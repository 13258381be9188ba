"""`ampo verify serve`: the verifier over HTTP, for trainers that ask a URL.

forms    the requests of each trainer, as claims, and the answers that it wants
desk     the bounded queue before the pool, and what it counts
app      the routes (FastAPI)
run      one process (uvicorn); cluster: several machines (Ray Serve)
"""
